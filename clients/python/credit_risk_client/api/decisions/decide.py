from http import HTTPStatus
from typing import Any, cast
from urllib.parse import quote

import httpx

from ...client import AuthenticatedClient, Client
from ...types import Response, UNSET
from ... import errors

from ...models.decision import Decision
from ...models.loan_application import LoanApplication
from ...models.problem_body import ProblemBody
from ...types import UNSET, Unset
from typing import cast


def _get_kwargs(
    *,
    body: LoanApplication,
    record: bool | Unset = False,
    idempotency_key: str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(idempotency_key, Unset):
        headers["Idempotency-Key"] = idempotency_key

    params: dict[str, Any] = {}

    params["record"] = record

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/v1/decisions",
        "params": params,
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Decision | ProblemBody | None:
    if response.status_code == 200:
        response_200 = Decision.from_dict(response.json())

        return response_200

    if response.status_code == 400:
        response_400 = ProblemBody.from_dict(response.json())

        return response_400

    if response.status_code == 401:
        response_401 = ProblemBody.from_dict(response.json())

        return response_401

    if response.status_code == 403:
        response_403 = ProblemBody.from_dict(response.json())

        return response_403

    if response.status_code == 405:
        response_405 = ProblemBody.from_dict(response.json())

        return response_405

    if response.status_code == 408:
        response_408 = ProblemBody.from_dict(response.json())

        return response_408

    if response.status_code == 409:
        response_409 = ProblemBody.from_dict(response.json())

        return response_409

    if response.status_code == 413:
        response_413 = ProblemBody.from_dict(response.json())

        return response_413

    if response.status_code == 415:
        response_415 = ProblemBody.from_dict(response.json())

        return response_415

    if response.status_code == 422:
        response_422 = ProblemBody.from_dict(response.json())

        return response_422

    if response.status_code == 429:
        response_429 = ProblemBody.from_dict(response.json())

        return response_429

    if response.status_code == 431:
        response_431 = ProblemBody.from_dict(response.json())

        return response_431

    if response.status_code == 500:
        response_500 = ProblemBody.from_dict(response.json())

        return response_500

    if response.status_code == 503:
        response_503 = ProblemBody.from_dict(response.json())

        return response_503

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    else:
        return None


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[Decision | ProblemBody]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    body: LoanApplication,
    record: bool | Unset = False,
    idempotency_key: str | Unset = UNSET,
) -> Response[Decision | ProblemBody]:
    """Decide one application

     Decide one application of at most 64 KiB; `?record=true` also sends it to the stream.

    It needs an id (`event_id`, `id` or `loan_id`), a time (`event_time` or `issue_d`),
    `loan_amnt` and `annual_inc`; any other field may be missing. Without `record=true` nothing
    is stored but an audit entry: the decision cannot be read again.

    The key needs the scope `score`.

    Args:
        record (bool | Unset):  Default: False.
        idempotency_key (str | Unset):
        body (LoanApplication): A loan application, with the names LendingClub gives its fields.

            Every field may be null or absent, as far as the type goes; cleaning asks for an id
            (`event_id`,
            `id` or `loan_id`), `event_time` or `issue_d`, `loan_amnt`, and `annual_inc` (or
            `annual_inc_joint` on a joint application). Other fields are allowed; they are archived
            with the
            event and never read. What happens to a loan after origination is not a field here, so
            nothing
            that was learnt later can reach a decision.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Decision | ProblemBody]
    """

    kwargs = _get_kwargs(
        body=body,
        record=record,
        idempotency_key=idempotency_key,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient,
    body: LoanApplication,
    record: bool | Unset = False,
    idempotency_key: str | Unset = UNSET,
) -> Decision | ProblemBody | None:
    """Decide one application

     Decide one application of at most 64 KiB; `?record=true` also sends it to the stream.

    It needs an id (`event_id`, `id` or `loan_id`), a time (`event_time` or `issue_d`),
    `loan_amnt` and `annual_inc`; any other field may be missing. Without `record=true` nothing
    is stored but an audit entry: the decision cannot be read again.

    The key needs the scope `score`.

    Args:
        record (bool | Unset):  Default: False.
        idempotency_key (str | Unset):
        body (LoanApplication): A loan application, with the names LendingClub gives its fields.

            Every field may be null or absent, as far as the type goes; cleaning asks for an id
            (`event_id`,
            `id` or `loan_id`), `event_time` or `issue_d`, `loan_amnt`, and `annual_inc` (or
            `annual_inc_joint` on a joint application). Other fields are allowed; they are archived
            with the
            event and never read. What happens to a loan after origination is not a field here, so
            nothing
            that was learnt later can reach a decision.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Decision | ProblemBody
    """

    return sync_detailed(
        client=client,
        body=body,
        record=record,
        idempotency_key=idempotency_key,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    body: LoanApplication,
    record: bool | Unset = False,
    idempotency_key: str | Unset = UNSET,
) -> Response[Decision | ProblemBody]:
    """Decide one application

     Decide one application of at most 64 KiB; `?record=true` also sends it to the stream.

    It needs an id (`event_id`, `id` or `loan_id`), a time (`event_time` or `issue_d`),
    `loan_amnt` and `annual_inc`; any other field may be missing. Without `record=true` nothing
    is stored but an audit entry: the decision cannot be read again.

    The key needs the scope `score`.

    Args:
        record (bool | Unset):  Default: False.
        idempotency_key (str | Unset):
        body (LoanApplication): A loan application, with the names LendingClub gives its fields.

            Every field may be null or absent, as far as the type goes; cleaning asks for an id
            (`event_id`,
            `id` or `loan_id`), `event_time` or `issue_d`, `loan_amnt`, and `annual_inc` (or
            `annual_inc_joint` on a joint application). Other fields are allowed; they are archived
            with the
            event and never read. What happens to a loan after origination is not a field here, so
            nothing
            that was learnt later can reach a decision.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Decision | ProblemBody]
    """

    kwargs = _get_kwargs(
        body=body,
        record=record,
        idempotency_key=idempotency_key,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    body: LoanApplication,
    record: bool | Unset = False,
    idempotency_key: str | Unset = UNSET,
) -> Decision | ProblemBody | None:
    """Decide one application

     Decide one application of at most 64 KiB; `?record=true` also sends it to the stream.

    It needs an id (`event_id`, `id` or `loan_id`), a time (`event_time` or `issue_d`),
    `loan_amnt` and `annual_inc`; any other field may be missing. Without `record=true` nothing
    is stored but an audit entry: the decision cannot be read again.

    The key needs the scope `score`.

    Args:
        record (bool | Unset):  Default: False.
        idempotency_key (str | Unset):
        body (LoanApplication): A loan application, with the names LendingClub gives its fields.

            Every field may be null or absent, as far as the type goes; cleaning asks for an id
            (`event_id`,
            `id` or `loan_id`), `event_time` or `issue_d`, `loan_amnt`, and `annual_inc` (or
            `annual_inc_joint` on a joint application). Other fields are allowed; they are archived
            with the
            event and never read. What happens to a loan after origination is not a field here, so
            nothing
            that was learnt later can reach a decision.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Decision | ProblemBody
    """

    return (
        await asyncio_detailed(
            client=client,
            body=body,
            record=record,
            idempotency_key=idempotency_key,
        )
    ).parsed
