from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

from typing import cast


T = TypeVar("T", bound="Reason")


@_attrs_define
class Reason:
    """One reason, by its code: the same code is about the same figure in both lists.

    Attributes:
        code (str): * `ACCOUNTS_OPENED_HIGH`: in `model_reasons`: More accounts were opened in the last two years than
            in safer applications
            * `ACCOUNTS_OPENED_MISSING`: in `model_reasons`: Accounts opened in the last two years are not on file
            * `AMOUNT_HIGH`: in `model_reasons`: More is asked for than in safer applications
            * `AMOUNT_MISSING`: in `model_reasons`: The amount asked for is not stated
            * `AMOUNT_TO_INCOME_HIGH`: in `model_reasons`: More is asked for, compared with income, than in safer
            applications
            * `AMOUNT_TO_INCOME_MISSING`: in `model_reasons`: The amount asked for cannot be compared with an income
            * `BANKCARD_UTILISATION_HIGH`: in `model_reasons`: More of the bank cards' limits is used than in safer
            applications
            * `BANKCARD_UTILISATION_MISSING`: in `model_reasons`: The use of bank cards is not on file
            * `BANKRUPTCIES_HIGH`: in `model_reasons`: There are more bankruptcies on record than in safer applications
            * `BANKRUPTCIES_MISSING`: in `model_reasons`: Bankruptcies are not on file
            * `COLLECTIONS_HIGH`: in `model_reasons`: There were more collections in the last year than in safer
            applications
            * `COLLECTIONS_MISSING`: in `model_reasons`: Collections of the last year are not on file
            * `CREDIT_AGE_LOW`: in `model_reasons`: The credit history is shorter than in safer applications
            * `CREDIT_AGE_MISSING`: in `model_reasons`: The length of the credit history is not on file
            * `CURRENT_BALANCE`: in `model_reasons`: The balance of all accounts differs from that in safer applications
            * `CURRENT_BALANCE_MISSING`: in `model_reasons`: The balance of all accounts is not on file
            * `DELINQUENCIES_HIGH`: in `model_reasons`: There were more delinquencies in the last two years than in safer
            applications
            * `DELINQUENCIES_MISSING`: in `model_reasons`: Delinquencies of the last two years are not on file
            * `DELINQUENCY_AGE_LOW`: in `model_reasons`: The last delinquency is more recent than in safer applications
            * `DELINQUENCY_AGE_MISSING`: in `model_reasons`: The time since a delinquency is not on file
            * `DELINQ_2YRS>0`: in `reasons`: Any delinquency in two years: above 0 count
            * `DTI>=30`: in `reasons`: High debt to income: at least 30 percent
            * `DTI_HIGH`: in `reasons`: Debt to income: High; in `model_reasons`: Debt payments take more of the income than
            in safer applications
            * `DTI_MISSING`: in `reasons`: Debt to income: Missing; in `model_reasons`: Debt payments cannot be compared
            with an income
            * `DTI_VERY_HIGH`: in `reasons`: Debt to income: Very High
            * `EMPLOYMENT_LOW`: in `model_reasons`: The length of employment is shorter than in safer applications
            * `EMPLOYMENT_MISSING`: in `model_reasons`: The length of employment is not stated
            * `FICO_LOW`: in `model_reasons`: The FICO score is lower than in safer applications
            * `FICO_MISSING`: in `model_reasons`: There is no FICO score on file
            * `HOME_OWNERSHIP`: in `model_reasons`: Loans under this form of housing are repaid less often than others
            * `HOME_OWNERSHIP_MISSING`: in `model_reasons`: The form of housing is not stated
            * `HOME_OWNERSHIP_UNKNOWN`: in `model_reasons`: The stated form of housing is not one that is known
            * `INCOME_LOW`: in `model_reasons`: The income is lower than in safer applications
            * `INCOME_MISSING`: in `model_reasons`: The income is not stated
            * `INQUIRIES_HIGH`: in `model_reasons`: There were more credit inquiries in the last six months than in safer
            applications
            * `INQUIRIES_MISSING`: in `model_reasons`: Credit inquiries of the last six months are not on file
            * `INQ_LAST_6MTHS>=2`: in `reasons`: Several credit inquiries in six months: at least 2 count
            * `INSTALLMENT_HIGH`: in `model_reasons`: The monthly payment is higher than in safer applications
            * `INSTALLMENT_MISSING`: in `model_reasons`: The monthly payment is not known
            * `LENDER_GRADE`: in `model_reasons`: Loans of this grade are repaid less often than others
            * `LENDER_GRADE_MISSING`: in `model_reasons`: The grade is not known
            * `LENDER_GRADE_UNKNOWN`: in `model_reasons`: The grade is not one that is known
            * `MORTGAGES`: in `model_reasons`: The number of mortgages ever held differs from that in safer applications
            * `MORTGAGES_MISSING`: in `model_reasons`: The number of mortgages ever held is not on file
            * `OPEN_ACCOUNTS`: in `model_reasons`: The number of open credit lines differs from that in safer applications
            * `OPEN_ACCOUNTS_MISSING`: in `model_reasons`: The number of open credit lines is not on file
            * `OPEN_SHARE`: in `model_reasons`: The share of credit lines still open differs from that in safer applications
            * `OPEN_SHARE_MISSING`: in `model_reasons`: The share of credit lines still open is not on file
            * `PD_HIGH`: in `reasons`: High probability of default: at least 0.3
            * `PD_VERY_HIGH`: in `reasons`: Very high probability of default: at least 0.5
            * `POSTAL_AREA`: in `model_reasons`: Loans in this postal area are repaid less often than in others
            * `POSTAL_AREA_MISSING`: in `model_reasons`: The postal area is not stated
            * `PUBLIC_RECORDS_HIGH`: in `model_reasons`: There are more derogatory public records than in safer applications
            * `PUBLIC_RECORDS_MISSING`: in `model_reasons`: Public records are not on file
            * `PUBLIC_RECORD_AGE_LOW`: in `model_reasons`: The last public record is more recent than in safer applications
            * `PUBLIC_RECORD_AGE_MISSING`: in `model_reasons`: The time since a public record is not on file
            * `PURPOSE`: in `model_reasons`: Loans for this purpose are repaid less often than others
            * `PURPOSE_MISSING`: in `model_reasons`: The purpose of the loan is not stated
            * `PURPOSE_UNKNOWN`: in `model_reasons`: The stated purpose of the loan is not one that is known
            * `RATE_HIGH`: in `model_reasons`: The interest rate is higher than in safer applications
            * `RATE_MISSING`: in `model_reasons`: The interest rate is not known
            * `REVOLVING_BALANCE`: in `model_reasons`: The revolving balance differs from that in safer applications
            * `REVOLVING_BALANCE_MISSING`: in `model_reasons`: The revolving balance is not on file
            * `REVOLVING_LIMIT_LOW`: in `model_reasons`: The limit of revolving credit is lower than in safer applications
            * `REVOLVING_LIMIT_MISSING`: in `model_reasons`: The limit of revolving credit is not on file
            * `REVOLVING_TO_INCOME_HIGH`: in `model_reasons`: The revolving balance is higher, compared with income, than in
            safer applications
            * `REVOLVING_TO_INCOME_MISSING`: in `model_reasons`: The revolving balance cannot be compared with an income
            * `REVOL_UTIL>=80`: in `reasons`: High revolving utilisation: at least 80 percent
            * `REVOL_UTIL_HIGH`: in `reasons`: Revolving utilisation: High
            * `REVOL_UTIL_MISSING`: in `reasons`: Revolving utilisation: Missing
            * `REVOL_UTIL_VERY_HIGH`: in `reasons`: Revolving utilisation: Very High
            * `STATE`: in `model_reasons`: Loans in this state are repaid less often than in others
            * `STATE_MISSING`: in `model_reasons`: The state of residence is not stated
            * `STATE_UNKNOWN`: in `model_reasons`: The stated state of residence is not one that is known
            * `TERM_HIGH`: in `model_reasons`: The term is longer than in safer applications
            * `TERM_MISSING`: in `model_reasons`: The term is not stated
            * `TOTAL_ACCOUNTS`: in `model_reasons`: The number of credit lines ever opened differs from that in safer
            applications
            * `TOTAL_ACCOUNTS_MISSING`: in `model_reasons`: The number of credit lines ever opened is not on file
            * `UTILISATION_HIGH`: in `model_reasons`: More of the revolving credit limit is used than in safer applications
            * `UTILISATION_MISSING`: in `model_reasons`: The use of revolving credit is not on file
            * `VERIFICATION`: in `model_reasons`: Loans with this kind of income verification are repaid less often than
            others
            * `VERIFICATION_MISSING`: in `model_reasons`: Whether income was verified is not known
            * `WITHIN_LIMITS`: in `reasons`: Every figure is within the policy's limits
        says (None | str): In `reasons` the policy's rule, for staff: null where another policy than the one in force
            gave it. In `model_reasons` a sentence for the applicant.
    """

    code: str
    says: None | str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        code = self.code

        says: None | str
        says = self.says

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "code": code,
                "says": says,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        code = d.pop("code")

        def _parse_says(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        says = _parse_says(d.pop("says"))

        reason = cls(
            code=code,
            says=says,
        )

        reason.additional_properties = d
        return reason

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
