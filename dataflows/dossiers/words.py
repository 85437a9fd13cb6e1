"""The fixed texts of dossiers."""

from typing import Final

PURPOSE: Final = """\
Probability that a personal loan ends charged off rather than fully paid, over its whole life,
from what is known when the application is made. It orders applications and puts a figure on each
for monitoring and backtesting; it was not built to price loans. Who may use it: whoever watches
or backtests a portfolio of such loans; the policy, not the model, decides on an application.
Which PD makes an application Elevated or puts it on the watchlist, and why: `docs/policies.md`."""

CHAMPION: Final = (
    "It may be the champion: it uses what applicant and credit bureau give, nothing else."
)

CHALLENGER: Final = (
    "A challenger: scored beside the champion, stored with each decision, part of none. It uses "
    "what applicant and credit bureau give, nothing else, and may be promoted."
)

PRICE_AWARE: Final = (
    "A benchmark, never the champion: it looks at what the lender set in answer to the application "
    "({fields}), so it repeats the lender's own judgement and would move with the lender's prices. "
    "Its document says so (`uses_lender_fields`), and so it is refused as a champion. It shows how "
    "much the lender's judgement, and the place where the applicant lives, know beyond the others."
)

POINTS: Final = """\
- **Points.** {pdo:g} more points double the odds of repaying; {anchor_points:g} points are odds
  of {anchor_odds:g} to 1, a PD of {anchor_pd:.2%}. Higher is safer.
- **Joint applications.** Income is that of both applicants where the application gives it, under
  every policy; DTI too, where a model uses it.
- **Calibration.** Log-odds of each loan from a model of this kind fitted without it (five folds);
  the line of the outcomes on them is in the model: intercept {intercept:.4f}, slope {slope:.4f}.
- Fitted with {libraries}."""

SCORECARD_METHOD: Final = """\
- **Bins.** Limits are round figures chosen beforehand; one that would leave fewer than 0.5 % of
  the loans in a bin is dropped. Missing and unseen values have bins of their own, worth the
  average (0 points) unless the loans say otherwise and are enough to say so.
- **Weights.** One logistic regression on all bins together, with a ridge penalty on the
  increments from bin to bin (`risk/fitting/monotone_regression.py`), which may not go against the
  direction that credit sense gives a feature: PD rises, or falls, with it throughout. WoE is shown
  as the evidence of each bin alone; points differ from it where other features already say the
  same.
- **Total.** The average application has {base_points} points, and the points of its bins are
  added to that. Points are whole numbers, so a PD does not depend on the batch or the machine:
  `PD = 1 / (1 + {anchor_odds:g} * 2^((points - {anchor_points:g}) / {pdo:g}))`. {lowest} to
  {highest} points are possible.
- **What was tuned.** Features and penalty, by the months it was fitted on alone:
  `docs/models/README.md`."""

BOOSTING_METHOD: Final = """\
- **Two halves.** Log-odds lie halfway between those of a smooth regression on bins, which the
  scorecard is made of too (`risk/fitting/monotone_regression.py`), and those of boosted trees.
- **Trees.** {bags} bags of {rounds} trees of depth two (scikit-learn's HistGradientBoosting,
  learning rate {learning_rate:g}, seed {seed}), each bag on 60 % of the loans, on the bins of
  each feature rather than its values. No tree may go against the direction that credit sense
  gives a feature.
- **Tables.** A path of such a tree asks two features at most, so all of it together is a sum of
  tables: {features} of one feature and {pairs} of two. The model is these tables, in millionths
  of log-odds; no tree is kept, none is run. When the document is loaded, monotonicity is checked
  for every two neighbouring bins of a feature at the worst combination of all others.
- **Missing and unseen values** have bins of their own; in each split they went with the side that
  suited the loans better.
- **Total.** Whole numbers are added, so a PD does not depend on the batch or the machine; it is
  looked up by the total, to a thousandth of log-odds.
- **What was tuned.** The number of trees (50 to 400) by the loss on loans not seen, in the same
  five folds of the loans it was fitted on; features, depth and bags as `docs/models/README.md`
  tells."""

LOGISTIC_METHOD: Final = """\
- **Form.** One logistic regression on {numbers} numbers and {texts} texts, with one ridge penalty
  on all weights. Numbers are standardised; of these, the logarithm of one more than the value is
  taken: {logarithms}. A text has a weight for each value that at least 50 loans have.
- **Missing values.** The median stands in, and where at least 50 loans lack the value, that it
  lacks has a weight of its own. A value beyond the range of the loans of the fit counts as its end.
- **Weights are free.** The lender's price and grade repeat what the other features say, so a
  weight says only what the others leave over. Against the direction that credit sense gives, PD
  moves with: {contrary}. No adverse reason is given for a known value of these.
- **Total.** Each feature's effect is rounded to whole millionths of log-odds, and whole numbers are
  added, so a PD does not depend on the batch.
- **What was tuned.** The strength of the penalty by the loss on loans not seen, in five folds of
  the loans it was fitted on: C = {inverse_penalty:g}. AUC and log loss there, by C: {tried}. How
  the kind was chosen: `docs/models/README.md`."""

LOGISTIC_EFFECTS: Final = """\
Points that a value has more or less than the average loan of the fit, all else as it is. Numbers
are shown at values that a share of the loans of the fit lies below; between them the effect runs
straight, in the value or its logarithm."""

COMPARISON: Final = """\
All on the same loans, which none was fitted on. With 95 % intervals: DeLong's for AUC and Gini,
the likelihood's for calibration in the large (the shift of log-odds that makes the mean PD the
default rate; below 0 the PDs are too high), of 500 bootstrap samples for the others. ks_separation
has none, as no interval of resamples covers it. The reference is a logistic regression on the seven
fields of the system that this one replaces, the lender's interest rate among them, fitted on the
same loans."""

AVERAGE_EFFECTS: Final = """\
Points of a bin: what the loans of the fit would have more or less on average, were each of them in
it and all else as it is (Friedman, *Annals of Statistics* 29, 2001)."""

STABILITY: Final = """\
PSI from the loans of the fit to those kept apart: of the score in tenths of the loans of the fit,
of each feature in the model's own bins, in tenths too where it has none. Chance alone stays below
the noise floor in 95 of 100 cases; by convention up to 0.1 is stable, above 0.25 is another
population."""

TREATMENT: Final = """\
The watch line is the PD above which the worst 6.2 % of the loans of the fit lie: {line:.2%}. A
group is treated fairly by the model where its mean PD meets its default rate, whatever that is.
The model looks at {looks}. Groups below {fewest} loans are pooled."""

MONITORING: Final = """\
- PSI of points and CSI of each feature, monthly, against the loans of the fit; the reference owns
  the bins.
- Calibration (slope, intercept, mean PD to default rate) and Gini by vintage, for vintages that
  have matured: among recent loans the defaults are known first, the repayments last.
- The share of missing and unseen values per feature: a feed that loses a field has everybody
  score as missing.
- Treatment by state and home ownership, each quarter of matured loans, as above.
- Refit when the calibration slope of matured vintages leaves 0.8 to 1.2, when the default rate of
  two quarters in a row is off the mean PD by more than a third, or when a PSI stays above 0.25."""

LIMITS: Final = """\
- It saw accepted applications of one lender only: of those refused it knows nothing.
- Its level is that of the months it was fitted on. Another period, lender or economy has another
  default rate; the order carries over better than the level.
- "Defaulted" is charged off at any time; neither when nor how much was lost is said.
- Only matured loans with a final outcome count.
- What few loans have has an effect close to its neighbours', or to none (the penalty); the counts
  are in the tables.
- Income and employment are as stated. FICO is the middle of a range of five points."""
