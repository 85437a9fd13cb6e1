from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

from ..types import UNSET, Unset
from typing import cast
import datetime


T = TypeVar("T", bound="LoanApplication")


@_attrs_define
class LoanApplication:
    """A loan application, with the names LendingClub gives its fields.

    Every field may be null or absent, as far as the type goes; cleaning asks for an id (`event_id`,
    `id` or `loan_id`), `event_time` or `issue_d`, `loan_amnt`, and `annual_inc` (or
    `annual_inc_joint` on a joint application). Other fields are allowed; they are archived with the
    event and never read. What happens to a loan after origination is not a field here, so nothing
    that was learnt later can reach a decision.

        Attributes:
            event_id (int | None | str | Unset): The producer's id; else the application's.
            id (int | None | str | Unset): Which loan application.
            loan_id (int | None | str | Unset): Which loan application.
            event_time (datetime.datetime | None | Unset): When the event happened.
            issue_d (None | str | Unset): Issue date as the event gave it; null where it gave none.
            loan_amnt (float | None | Unset): Amount asked for (USD).
            term (float | None | str | Unset): Term of the loan (months).
            int_rate (float | None | str | Unset): Interest rate a year, set by the lender (percent).
            installment (float | None | Unset): Monthly payment, set by the lender (USD).
            annual_inc (float | None | Unset): Yearly income; both applicants' where the policy says (USD).
            dti (float | None | Unset): Debt payments to income; both applicants' likewise (percent).
            revol_util (float | None | str | Unset): Revolving credit used of the limit (percent).
            delinq_2yrs (float | None | Unset): Delinquencies over 30 days in two years (count).
            inq_last_6mths (float | None | Unset): Credit inquiries in six months (count).
            open_acc (float | None | Unset): Open credit lines (count).
            total_acc (float | None | Unset): Credit lines ever opened (count).
            emp_length (float | None | str | Unset): Years employed: 0 is under one, 10 is ten or more (years).
            fico_range_low (float | None | Unset): FICO score at application: middle of its range (points).
            fico_range_high (float | None | Unset): FICO score at application: middle of its range (points).
            pub_rec (float | None | Unset): Derogatory public records (count).
            pub_rec_bankruptcies (float | None | Unset): Bankruptcies on public record (count).
            revol_bal (float | None | Unset): Revolving credit balance (USD).
            mths_since_last_delinq (float | None | Unset): Since the last delinquency; never if null (months).
            mths_since_last_record (float | None | Unset): Since the last public record; never if null (months).
            annual_inc_joint (float | None | Unset): Yearly income of both applicants, if joint (USD).
            dti_joint (float | None | Unset): Debt payments to income of both, if joint (percent).
            tot_cur_bal (float | None | Unset): Balance of all accounts (USD).
            total_rev_hi_lim (float | None | Unset): Limit of all revolving credit (USD).
            mort_acc (float | None | Unset): Mortgages ever held (count).
            acc_open_past_24mths (float | None | Unset): Accounts opened in two years (count).
            bc_util (float | None | Unset): Bank card balance to limit (percent).
            collections_12_mths_ex_med (float | None | Unset): Collections in a year, medical ones excluded (count).
            earliest_cr_line (None | str | Unset): Month of the first credit line, as its first day.
            purpose (None | str | Unset): What the loan is for, in the applicant's choice of words.
            home_ownership (None | str | Unset): RENT, OWN, MORTGAGE, ...
            verification_status (None | str | Unset): Whether income was verified.
            addr_state (None | str | Unset): State of residence, two letters.
            zip_code (None | str | Unset): First three digits of the postal code.
            grade (None | str | Unset): Sub-grade, else grade, set by the lender.
            sub_grade (None | str | Unset): Sub-grade, else grade, set by the lender.
            application_type (None | str | Unset): Whether two people apply together.
    """

    event_id: int | None | str | Unset = UNSET
    id: int | None | str | Unset = UNSET
    loan_id: int | None | str | Unset = UNSET
    event_time: datetime.datetime | None | Unset = UNSET
    issue_d: None | str | Unset = UNSET
    loan_amnt: float | None | Unset = UNSET
    term: float | None | str | Unset = UNSET
    int_rate: float | None | str | Unset = UNSET
    installment: float | None | Unset = UNSET
    annual_inc: float | None | Unset = UNSET
    dti: float | None | Unset = UNSET
    revol_util: float | None | str | Unset = UNSET
    delinq_2yrs: float | None | Unset = UNSET
    inq_last_6mths: float | None | Unset = UNSET
    open_acc: float | None | Unset = UNSET
    total_acc: float | None | Unset = UNSET
    emp_length: float | None | str | Unset = UNSET
    fico_range_low: float | None | Unset = UNSET
    fico_range_high: float | None | Unset = UNSET
    pub_rec: float | None | Unset = UNSET
    pub_rec_bankruptcies: float | None | Unset = UNSET
    revol_bal: float | None | Unset = UNSET
    mths_since_last_delinq: float | None | Unset = UNSET
    mths_since_last_record: float | None | Unset = UNSET
    annual_inc_joint: float | None | Unset = UNSET
    dti_joint: float | None | Unset = UNSET
    tot_cur_bal: float | None | Unset = UNSET
    total_rev_hi_lim: float | None | Unset = UNSET
    mort_acc: float | None | Unset = UNSET
    acc_open_past_24mths: float | None | Unset = UNSET
    bc_util: float | None | Unset = UNSET
    collections_12_mths_ex_med: float | None | Unset = UNSET
    earliest_cr_line: None | str | Unset = UNSET
    purpose: None | str | Unset = UNSET
    home_ownership: None | str | Unset = UNSET
    verification_status: None | str | Unset = UNSET
    addr_state: None | str | Unset = UNSET
    zip_code: None | str | Unset = UNSET
    grade: None | str | Unset = UNSET
    sub_grade: None | str | Unset = UNSET
    application_type: None | str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        event_id: int | None | str | Unset
        if isinstance(self.event_id, Unset):
            event_id = UNSET
        else:
            event_id = self.event_id

        id: int | None | str | Unset
        if isinstance(self.id, Unset):
            id = UNSET
        else:
            id = self.id

        loan_id: int | None | str | Unset
        if isinstance(self.loan_id, Unset):
            loan_id = UNSET
        else:
            loan_id = self.loan_id

        event_time: None | str | Unset
        if isinstance(self.event_time, Unset):
            event_time = UNSET
        elif isinstance(self.event_time, datetime.datetime):
            event_time = self.event_time.isoformat()
        else:
            event_time = self.event_time

        issue_d: None | str | Unset
        if isinstance(self.issue_d, Unset):
            issue_d = UNSET
        else:
            issue_d = self.issue_d

        loan_amnt: float | None | Unset
        if isinstance(self.loan_amnt, Unset):
            loan_amnt = UNSET
        else:
            loan_amnt = self.loan_amnt

        term: float | None | str | Unset
        if isinstance(self.term, Unset):
            term = UNSET
        else:
            term = self.term

        int_rate: float | None | str | Unset
        if isinstance(self.int_rate, Unset):
            int_rate = UNSET
        else:
            int_rate = self.int_rate

        installment: float | None | Unset
        if isinstance(self.installment, Unset):
            installment = UNSET
        else:
            installment = self.installment

        annual_inc: float | None | Unset
        if isinstance(self.annual_inc, Unset):
            annual_inc = UNSET
        else:
            annual_inc = self.annual_inc

        dti: float | None | Unset
        if isinstance(self.dti, Unset):
            dti = UNSET
        else:
            dti = self.dti

        revol_util: float | None | str | Unset
        if isinstance(self.revol_util, Unset):
            revol_util = UNSET
        else:
            revol_util = self.revol_util

        delinq_2yrs: float | None | Unset
        if isinstance(self.delinq_2yrs, Unset):
            delinq_2yrs = UNSET
        else:
            delinq_2yrs = self.delinq_2yrs

        inq_last_6mths: float | None | Unset
        if isinstance(self.inq_last_6mths, Unset):
            inq_last_6mths = UNSET
        else:
            inq_last_6mths = self.inq_last_6mths

        open_acc: float | None | Unset
        if isinstance(self.open_acc, Unset):
            open_acc = UNSET
        else:
            open_acc = self.open_acc

        total_acc: float | None | Unset
        if isinstance(self.total_acc, Unset):
            total_acc = UNSET
        else:
            total_acc = self.total_acc

        emp_length: float | None | str | Unset
        if isinstance(self.emp_length, Unset):
            emp_length = UNSET
        else:
            emp_length = self.emp_length

        fico_range_low: float | None | Unset
        if isinstance(self.fico_range_low, Unset):
            fico_range_low = UNSET
        else:
            fico_range_low = self.fico_range_low

        fico_range_high: float | None | Unset
        if isinstance(self.fico_range_high, Unset):
            fico_range_high = UNSET
        else:
            fico_range_high = self.fico_range_high

        pub_rec: float | None | Unset
        if isinstance(self.pub_rec, Unset):
            pub_rec = UNSET
        else:
            pub_rec = self.pub_rec

        pub_rec_bankruptcies: float | None | Unset
        if isinstance(self.pub_rec_bankruptcies, Unset):
            pub_rec_bankruptcies = UNSET
        else:
            pub_rec_bankruptcies = self.pub_rec_bankruptcies

        revol_bal: float | None | Unset
        if isinstance(self.revol_bal, Unset):
            revol_bal = UNSET
        else:
            revol_bal = self.revol_bal

        mths_since_last_delinq: float | None | Unset
        if isinstance(self.mths_since_last_delinq, Unset):
            mths_since_last_delinq = UNSET
        else:
            mths_since_last_delinq = self.mths_since_last_delinq

        mths_since_last_record: float | None | Unset
        if isinstance(self.mths_since_last_record, Unset):
            mths_since_last_record = UNSET
        else:
            mths_since_last_record = self.mths_since_last_record

        annual_inc_joint: float | None | Unset
        if isinstance(self.annual_inc_joint, Unset):
            annual_inc_joint = UNSET
        else:
            annual_inc_joint = self.annual_inc_joint

        dti_joint: float | None | Unset
        if isinstance(self.dti_joint, Unset):
            dti_joint = UNSET
        else:
            dti_joint = self.dti_joint

        tot_cur_bal: float | None | Unset
        if isinstance(self.tot_cur_bal, Unset):
            tot_cur_bal = UNSET
        else:
            tot_cur_bal = self.tot_cur_bal

        total_rev_hi_lim: float | None | Unset
        if isinstance(self.total_rev_hi_lim, Unset):
            total_rev_hi_lim = UNSET
        else:
            total_rev_hi_lim = self.total_rev_hi_lim

        mort_acc: float | None | Unset
        if isinstance(self.mort_acc, Unset):
            mort_acc = UNSET
        else:
            mort_acc = self.mort_acc

        acc_open_past_24mths: float | None | Unset
        if isinstance(self.acc_open_past_24mths, Unset):
            acc_open_past_24mths = UNSET
        else:
            acc_open_past_24mths = self.acc_open_past_24mths

        bc_util: float | None | Unset
        if isinstance(self.bc_util, Unset):
            bc_util = UNSET
        else:
            bc_util = self.bc_util

        collections_12_mths_ex_med: float | None | Unset
        if isinstance(self.collections_12_mths_ex_med, Unset):
            collections_12_mths_ex_med = UNSET
        else:
            collections_12_mths_ex_med = self.collections_12_mths_ex_med

        earliest_cr_line: None | str | Unset
        if isinstance(self.earliest_cr_line, Unset):
            earliest_cr_line = UNSET
        else:
            earliest_cr_line = self.earliest_cr_line

        purpose: None | str | Unset
        if isinstance(self.purpose, Unset):
            purpose = UNSET
        else:
            purpose = self.purpose

        home_ownership: None | str | Unset
        if isinstance(self.home_ownership, Unset):
            home_ownership = UNSET
        else:
            home_ownership = self.home_ownership

        verification_status: None | str | Unset
        if isinstance(self.verification_status, Unset):
            verification_status = UNSET
        else:
            verification_status = self.verification_status

        addr_state: None | str | Unset
        if isinstance(self.addr_state, Unset):
            addr_state = UNSET
        else:
            addr_state = self.addr_state

        zip_code: None | str | Unset
        if isinstance(self.zip_code, Unset):
            zip_code = UNSET
        else:
            zip_code = self.zip_code

        grade: None | str | Unset
        if isinstance(self.grade, Unset):
            grade = UNSET
        else:
            grade = self.grade

        sub_grade: None | str | Unset
        if isinstance(self.sub_grade, Unset):
            sub_grade = UNSET
        else:
            sub_grade = self.sub_grade

        application_type: None | str | Unset
        if isinstance(self.application_type, Unset):
            application_type = UNSET
        else:
            application_type = self.application_type

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if event_id is not UNSET:
            field_dict["event_id"] = event_id
        if id is not UNSET:
            field_dict["id"] = id
        if loan_id is not UNSET:
            field_dict["loan_id"] = loan_id
        if event_time is not UNSET:
            field_dict["event_time"] = event_time
        if issue_d is not UNSET:
            field_dict["issue_d"] = issue_d
        if loan_amnt is not UNSET:
            field_dict["loan_amnt"] = loan_amnt
        if term is not UNSET:
            field_dict["term"] = term
        if int_rate is not UNSET:
            field_dict["int_rate"] = int_rate
        if installment is not UNSET:
            field_dict["installment"] = installment
        if annual_inc is not UNSET:
            field_dict["annual_inc"] = annual_inc
        if dti is not UNSET:
            field_dict["dti"] = dti
        if revol_util is not UNSET:
            field_dict["revol_util"] = revol_util
        if delinq_2yrs is not UNSET:
            field_dict["delinq_2yrs"] = delinq_2yrs
        if inq_last_6mths is not UNSET:
            field_dict["inq_last_6mths"] = inq_last_6mths
        if open_acc is not UNSET:
            field_dict["open_acc"] = open_acc
        if total_acc is not UNSET:
            field_dict["total_acc"] = total_acc
        if emp_length is not UNSET:
            field_dict["emp_length"] = emp_length
        if fico_range_low is not UNSET:
            field_dict["fico_range_low"] = fico_range_low
        if fico_range_high is not UNSET:
            field_dict["fico_range_high"] = fico_range_high
        if pub_rec is not UNSET:
            field_dict["pub_rec"] = pub_rec
        if pub_rec_bankruptcies is not UNSET:
            field_dict["pub_rec_bankruptcies"] = pub_rec_bankruptcies
        if revol_bal is not UNSET:
            field_dict["revol_bal"] = revol_bal
        if mths_since_last_delinq is not UNSET:
            field_dict["mths_since_last_delinq"] = mths_since_last_delinq
        if mths_since_last_record is not UNSET:
            field_dict["mths_since_last_record"] = mths_since_last_record
        if annual_inc_joint is not UNSET:
            field_dict["annual_inc_joint"] = annual_inc_joint
        if dti_joint is not UNSET:
            field_dict["dti_joint"] = dti_joint
        if tot_cur_bal is not UNSET:
            field_dict["tot_cur_bal"] = tot_cur_bal
        if total_rev_hi_lim is not UNSET:
            field_dict["total_rev_hi_lim"] = total_rev_hi_lim
        if mort_acc is not UNSET:
            field_dict["mort_acc"] = mort_acc
        if acc_open_past_24mths is not UNSET:
            field_dict["acc_open_past_24mths"] = acc_open_past_24mths
        if bc_util is not UNSET:
            field_dict["bc_util"] = bc_util
        if collections_12_mths_ex_med is not UNSET:
            field_dict["collections_12_mths_ex_med"] = collections_12_mths_ex_med
        if earliest_cr_line is not UNSET:
            field_dict["earliest_cr_line"] = earliest_cr_line
        if purpose is not UNSET:
            field_dict["purpose"] = purpose
        if home_ownership is not UNSET:
            field_dict["home_ownership"] = home_ownership
        if verification_status is not UNSET:
            field_dict["verification_status"] = verification_status
        if addr_state is not UNSET:
            field_dict["addr_state"] = addr_state
        if zip_code is not UNSET:
            field_dict["zip_code"] = zip_code
        if grade is not UNSET:
            field_dict["grade"] = grade
        if sub_grade is not UNSET:
            field_dict["sub_grade"] = sub_grade
        if application_type is not UNSET:
            field_dict["application_type"] = application_type

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)

        def _parse_event_id(data: object) -> int | None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | str | Unset, data)

        event_id = _parse_event_id(d.pop("event_id", UNSET))

        def _parse_id(data: object) -> int | None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | str | Unset, data)

        id = _parse_id(d.pop("id", UNSET))

        def _parse_loan_id(data: object) -> int | None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | str | Unset, data)

        loan_id = _parse_loan_id(d.pop("loan_id", UNSET))

        def _parse_event_time(data: object) -> datetime.datetime | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                event_time_type_0 = datetime.datetime.fromisoformat(data)

                return event_time_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None | Unset, data)

        event_time = _parse_event_time(d.pop("event_time", UNSET))

        def _parse_issue_d(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        issue_d = _parse_issue_d(d.pop("issue_d", UNSET))

        def _parse_loan_amnt(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        loan_amnt = _parse_loan_amnt(d.pop("loan_amnt", UNSET))

        def _parse_term(data: object) -> float | None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | str | Unset, data)

        term = _parse_term(d.pop("term", UNSET))

        def _parse_int_rate(data: object) -> float | None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | str | Unset, data)

        int_rate = _parse_int_rate(d.pop("int_rate", UNSET))

        def _parse_installment(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        installment = _parse_installment(d.pop("installment", UNSET))

        def _parse_annual_inc(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        annual_inc = _parse_annual_inc(d.pop("annual_inc", UNSET))

        def _parse_dti(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        dti = _parse_dti(d.pop("dti", UNSET))

        def _parse_revol_util(data: object) -> float | None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | str | Unset, data)

        revol_util = _parse_revol_util(d.pop("revol_util", UNSET))

        def _parse_delinq_2yrs(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        delinq_2yrs = _parse_delinq_2yrs(d.pop("delinq_2yrs", UNSET))

        def _parse_inq_last_6mths(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        inq_last_6mths = _parse_inq_last_6mths(d.pop("inq_last_6mths", UNSET))

        def _parse_open_acc(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        open_acc = _parse_open_acc(d.pop("open_acc", UNSET))

        def _parse_total_acc(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        total_acc = _parse_total_acc(d.pop("total_acc", UNSET))

        def _parse_emp_length(data: object) -> float | None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | str | Unset, data)

        emp_length = _parse_emp_length(d.pop("emp_length", UNSET))

        def _parse_fico_range_low(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        fico_range_low = _parse_fico_range_low(d.pop("fico_range_low", UNSET))

        def _parse_fico_range_high(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        fico_range_high = _parse_fico_range_high(d.pop("fico_range_high", UNSET))

        def _parse_pub_rec(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        pub_rec = _parse_pub_rec(d.pop("pub_rec", UNSET))

        def _parse_pub_rec_bankruptcies(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        pub_rec_bankruptcies = _parse_pub_rec_bankruptcies(d.pop("pub_rec_bankruptcies", UNSET))

        def _parse_revol_bal(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        revol_bal = _parse_revol_bal(d.pop("revol_bal", UNSET))

        def _parse_mths_since_last_delinq(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        mths_since_last_delinq = _parse_mths_since_last_delinq(
            d.pop("mths_since_last_delinq", UNSET)
        )

        def _parse_mths_since_last_record(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        mths_since_last_record = _parse_mths_since_last_record(
            d.pop("mths_since_last_record", UNSET)
        )

        def _parse_annual_inc_joint(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        annual_inc_joint = _parse_annual_inc_joint(d.pop("annual_inc_joint", UNSET))

        def _parse_dti_joint(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        dti_joint = _parse_dti_joint(d.pop("dti_joint", UNSET))

        def _parse_tot_cur_bal(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        tot_cur_bal = _parse_tot_cur_bal(d.pop("tot_cur_bal", UNSET))

        def _parse_total_rev_hi_lim(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        total_rev_hi_lim = _parse_total_rev_hi_lim(d.pop("total_rev_hi_lim", UNSET))

        def _parse_mort_acc(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        mort_acc = _parse_mort_acc(d.pop("mort_acc", UNSET))

        def _parse_acc_open_past_24mths(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        acc_open_past_24mths = _parse_acc_open_past_24mths(d.pop("acc_open_past_24mths", UNSET))

        def _parse_bc_util(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        bc_util = _parse_bc_util(d.pop("bc_util", UNSET))

        def _parse_collections_12_mths_ex_med(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        collections_12_mths_ex_med = _parse_collections_12_mths_ex_med(
            d.pop("collections_12_mths_ex_med", UNSET)
        )

        def _parse_earliest_cr_line(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        earliest_cr_line = _parse_earliest_cr_line(d.pop("earliest_cr_line", UNSET))

        def _parse_purpose(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        purpose = _parse_purpose(d.pop("purpose", UNSET))

        def _parse_home_ownership(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        home_ownership = _parse_home_ownership(d.pop("home_ownership", UNSET))

        def _parse_verification_status(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        verification_status = _parse_verification_status(d.pop("verification_status", UNSET))

        def _parse_addr_state(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        addr_state = _parse_addr_state(d.pop("addr_state", UNSET))

        def _parse_zip_code(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        zip_code = _parse_zip_code(d.pop("zip_code", UNSET))

        def _parse_grade(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        grade = _parse_grade(d.pop("grade", UNSET))

        def _parse_sub_grade(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        sub_grade = _parse_sub_grade(d.pop("sub_grade", UNSET))

        def _parse_application_type(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        application_type = _parse_application_type(d.pop("application_type", UNSET))

        loan_application = cls(
            event_id=event_id,
            id=id,
            loan_id=loan_id,
            event_time=event_time,
            issue_d=issue_d,
            loan_amnt=loan_amnt,
            term=term,
            int_rate=int_rate,
            installment=installment,
            annual_inc=annual_inc,
            dti=dti,
            revol_util=revol_util,
            delinq_2yrs=delinq_2yrs,
            inq_last_6mths=inq_last_6mths,
            open_acc=open_acc,
            total_acc=total_acc,
            emp_length=emp_length,
            fico_range_low=fico_range_low,
            fico_range_high=fico_range_high,
            pub_rec=pub_rec,
            pub_rec_bankruptcies=pub_rec_bankruptcies,
            revol_bal=revol_bal,
            mths_since_last_delinq=mths_since_last_delinq,
            mths_since_last_record=mths_since_last_record,
            annual_inc_joint=annual_inc_joint,
            dti_joint=dti_joint,
            tot_cur_bal=tot_cur_bal,
            total_rev_hi_lim=total_rev_hi_lim,
            mort_acc=mort_acc,
            acc_open_past_24mths=acc_open_past_24mths,
            bc_util=bc_util,
            collections_12_mths_ex_med=collections_12_mths_ex_med,
            earliest_cr_line=earliest_cr_line,
            purpose=purpose,
            home_ownership=home_ownership,
            verification_status=verification_status,
            addr_state=addr_state,
            zip_code=zip_code,
            grade=grade,
            sub_grade=sub_grade,
            application_type=application_type,
        )

        loan_application.additional_properties = d
        return loan_application

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
