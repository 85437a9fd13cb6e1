"""Contains all the data models used in inputs/outputs"""

from .adverse_reason import AdverseReason
from .adverse_reason_when import AdverseReasonWhen
from .application_page import ApplicationPage
from .band import Band
from .band_finding import BandFinding
from .bands import Bands
from .batch import Batch
from .batch_answer import BatchAnswer
from .batch_item import BatchItem
from .cause import Cause
from .condition import Condition
from .condition_comparison import ConditionComparison
from .condition_finding import ConditionFinding
from .condition_finding_comparison import ConditionFindingComparison
from .contribution import Contribution
from .decision import Decision
from .decision_challengers import DecisionChallengers
from .decision_page import DecisionPage
from .difference import Difference
from .early_warning import EarlyWarning
from .edges import Edges
from .elevation import Elevation
from .explanation import Explanation
from .field_error import FieldError
from .health import Health
from .health_dependencies import HealthDependencies
from .joint_figure import JointFigure
from .lineage import Lineage
from .list_decisions_tier import ListDecisionsTier
from .loan_application import LoanApplication
from .model_entry import ModelEntry
from .model_findings import ModelFindings
from .models import Models
from .pd_finding import PdFinding
from .pd_rule import PdRule
from .pd_rule_tier import PdRuleTier
from .policy import Policy
from .policy_findings import PolicyFindings
from .position import Position
from .problem_body import ProblemBody
from .problem_code import ProblemCode
from .reason import Reason
from .replay import Replay
from .scale import Scale
from .scale_missing_type_0 import ScaleMissingType0
from .score_question import ScoreQuestion
from .scored import Scored
from .scored_decision import ScoredDecision
from .scored_features import ScoredFeatures
from .threshold import Threshold
from .tier import Tier
from .versions import Versions

__all__ = (
    "AdverseReason",
    "AdverseReasonWhen",
    "ApplicationPage",
    "Band",
    "BandFinding",
    "Bands",
    "Batch",
    "BatchAnswer",
    "BatchItem",
    "Cause",
    "Condition",
    "ConditionComparison",
    "ConditionFinding",
    "ConditionFindingComparison",
    "Contribution",
    "Decision",
    "DecisionChallengers",
    "DecisionPage",
    "Difference",
    "EarlyWarning",
    "Edges",
    "Elevation",
    "Explanation",
    "FieldError",
    "Health",
    "HealthDependencies",
    "JointFigure",
    "Lineage",
    "ListDecisionsTier",
    "LoanApplication",
    "ModelEntry",
    "ModelFindings",
    "Models",
    "PdFinding",
    "PdRule",
    "PdRuleTier",
    "Policy",
    "PolicyFindings",
    "Position",
    "ProblemBody",
    "ProblemCode",
    "Reason",
    "Replay",
    "Scale",
    "ScaleMissingType0",
    "Scored",
    "ScoredDecision",
    "ScoredFeatures",
    "ScoreQuestion",
    "Threshold",
    "Tier",
    "Versions",
)
