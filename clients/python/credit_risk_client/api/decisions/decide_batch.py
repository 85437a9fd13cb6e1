from http import HTTPStatus
from typing import Any, cast
from urllib.parse import quote

import httpx

from ...client import AuthenticatedClient, Client
from ...types import Response, UNSET
from ... import errors

from ...models.batch import Batch
from ...models.batch_answer import BatchAnswer
from ...models.problem_body import ProblemBody
from ...types import UNSET, Unset
from typing import cast


def _get_kwargs(
    *,
    body: Batch,
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
        "url": "/v1/decisions:batch",
        "params": params,
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> BatchAnswer | ProblemBody | None:
    if response.status_code == 200:
        response_200 = BatchAnswer.from_dict(response.json())

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
) -> Response[BatchAnswer | ProblemBody]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    body: Batch,
    record: bool | Unset = False,
    idempotency_key: str | Unset = UNSET,
) -> Response[BatchAnswer | ProblemBody]:
    """Decide up to 500 applications

     Decide up to 500 applications; each gets a decision or a problem of its own.

    The status is 200 even if applications are refused: look at `status` of each result. One
    that is no JSON, such as a `NaN`, is refused alone. The body has at most 4,096,000 bytes.
    `?record=true` also sends those that are decided to the stream.

    The key needs the scope `score`.

    Args:
        record (bool | Unset):  Default: False.
        idempotency_key (str | Unset):
        body (Batch): Applications to be decided, each for itself; one that is none has a problem
            in its place.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[BatchAnswer | ProblemBody]
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
    body: Batch,
    record: bool | Unset = False,
    idempotency_key: str | Unset = UNSET,
) -> BatchAnswer | ProblemBody | None:
    """Decide up to 500 applications

     Decide up to 500 applications; each gets a decision or a problem of its own.

    The status is 200 even if applications are refused: look at `status` of each result. One
    that is no JSON, such as a `NaN`, is refused alone. The body has at most 4,096,000 bytes.
    `?record=true` also sends those that are decided to the stream.

    The key needs the scope `score`.

    Args:
        record (bool | Unset):  Default: False.
        idempotency_key (str | Unset):
        body (Batch): Applications to be decided, each for itself; one that is none has a problem
            in its place.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        BatchAnswer | ProblemBody
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
    body: Batch,
    record: bool | Unset = False,
    idempotency_key: str | Unset = UNSET,
) -> Response[BatchAnswer | ProblemBody]:
    """Decide up to 500 applications

     Decide up to 500 applications; each gets a decision or a problem of its own.

    The status is 200 even if applications are refused: look at `status` of each result. One
    that is no JSON, such as a `NaN`, is refused alone. The body has at most 4,096,000 bytes.
    `?record=true` also sends those that are decided to the stream.

    The key needs the scope `score`.

    Args:
        record (bool | Unset):  Default: False.
        idempotency_key (str | Unset):
        body (Batch): Applications to be decided, each for itself; one that is none has a problem
            in its place.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[BatchAnswer | ProblemBody]
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
    body: Batch,
    record: bool | Unset = False,
    idempotency_key: str | Unset = UNSET,
) -> BatchAnswer | ProblemBody | None:
    """Decide up to 500 applications

     Decide up to 500 applications; each gets a decision or a problem of its own.

    The status is 200 even if applications are refused: look at `status` of each result. One
    that is no JSON, such as a `NaN`, is refused alone. The body has at most 4,096,000 bytes.
    `?record=true` also sends those that are decided to the stream.

    The key needs the scope `score`.

    Args:
        record (bool | Unset):  Default: False.
        idempotency_key (str | Unset):
        body (Batch): Applications to be decided, each for itself; one that is none has a problem
            in its place.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        BatchAnswer | ProblemBody
    """

    return (
        await asyncio_detailed(
            client=client,
            body=body,
            record=record,
            idempotency_key=idempotency_key,
        )
    ).parsed
