from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

from ..models.problem_code import ProblemCode
from typing import cast

if TYPE_CHECKING:
    from ..models.field_error import FieldError


T = TypeVar("T", bound="ProblemBody")


@_attrs_define
class ProblemBody:
    """A problem as it is sent (RFC 9457); `code` and what follows are ours.

    Attributes:
        type_ (str): Leads to what `code` means, on the page of all codes.
        title (str):
        status (int):
        detail (str):
        code (ProblemCode): * `audit_unavailable`: The audit log cannot record an answer now; send the request again.
            * `body_too_large`: The body is longer than the operation allows.
            * `busy`: Too many such requests at once; wait Retry-After seconds and send it again.
            * `duplicate_key`: A key twice in one object.
            * `empty`: No bytes, or white space alone.
            * `encoding`: A byte order mark, UTF-16, compressed, or not UTF-8.
            * `erased`: Erased later, at the applicant's request.
            * `event_time_ahead`: An event time well after the arrival.
            * `event_time_out_of_range`: An event time before 1970, from 2100.
            * `forbidden`: The key is valid, but lacks the scope that this operation needs.
            * `head_too_large`: The headers are too long or too many.
            * `idempotency_key_in_use`: Another attempt with this key is under way; send it again.
            * `idempotency_key_invalid`: The Idempotency-Key is missing or malformed.
            * `idempotency_key_reused`: The Idempotency-Key was used with another body; use a new key.
            * `internal`: An unexpected error; ours, not the event's.
            * `invalid_http`: The request is no valid HTTP/1.1.
            * `invalid_request`: The query or a parameter is unknown, repeated or malformed.
            * `keys_unavailable`: API keys cannot be checked, because silver has been out for too long.
            * `lake_unavailable`: The lake does not answer; the API still decides.
            * `malformed_json`: Not JSON; NaN and Infinity are not JSON.
            * `method_not_allowed`: The path has other methods; the header Allow names them.
            * `missing_field`: A field that the contract requires is missing.
            * `missing_required`: A figure that the policy requires.
            * `not_a_record`: A footer, banner or repeated header of a file.
            * `not_an_object`: JSON, but not an object.
            * `not_explicable`: The decision's bytes or versions are gone, so it cannot be explained.
            * `not_found`: The path does not exist, or nothing is stored under this id.
            * `out_of_range`: A number or date outside its bounds.
            * `ragged_row`: A file's row with more or fewer cells than its header.
            * `recording_unavailable`: There is no topic to record to (409), or no broker (503).
            * `request_timeout`: The request did not arrive within 10 s; send it again.
            * `score_not_finite`: The model gave no finite PD and points.
            * `silver_unavailable`: Silver does not answer; the API still decides.
            * `store_rejected`: The store could not hold the decision.
            * `tombstone`: A key without a value.
            * `too_deep`: Objects or arrays nested deeper than are read.
            * `too_large`: More bytes than are read.
            * `too_many_requests`: The key has used up its rate; wait Retry-After seconds.
            * `unauthenticated`: The API key is missing, unknown, expired or revoked, or sent twice.
            * `unreadable_text`: Text with NUL or too long; an id not printable.
            * `unsupported_media_type`: The body is no `application/json` in UTF-8, uncompressed.
            * `wrong_format`: A time or date that cannot be read.
            * `wrong_type`: A field of another JSON type.
        errors (list[FieldError]):
        request_id (str): Also in the header X-Request-Id; quote it when you ask about this answer.
    """

    type_: str
    title: str
    status: int
    detail: str
    code: ProblemCode
    errors: list[FieldError]
    request_id: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.field_error import FieldError  # noqa: PLC0415

        type_ = self.type_

        title = self.title

        status = self.status

        detail = self.detail

        code = self.code.value

        errors = []
        for errors_item_data in self.errors:
            errors_item = errors_item_data.to_dict()
            errors.append(errors_item)

        request_id = self.request_id

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "type": type_,
                "title": title,
                "status": status,
                "detail": detail,
                "code": code,
                "errors": errors,
                "request_id": request_id,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.field_error import FieldError  # noqa: PLC0415

        d = dict(src_dict)
        type_ = d.pop("type")

        title = d.pop("title")

        status = d.pop("status")

        detail = d.pop("detail")

        code = ProblemCode(d.pop("code"))

        errors = []
        _errors = d.pop("errors")
        for errors_item_data in _errors:
            errors_item = FieldError.from_dict(errors_item_data)

            errors.append(errors_item)

        request_id = d.pop("request_id")

        problem_body = cls(
            type_=type_,
            title=title,
            status=status,
            detail=detail,
            code=code,
            errors=errors,
            request_id=request_id,
        )

        problem_body.additional_properties = d
        return problem_body

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
