from http import HTTPStatus
from typing import Any, cast
from urllib.parse import quote

import httpx

from ...client import AuthenticatedClient, Client
from ...types import Response, UNSET
from ... import errors

from ...models.decision_page import DecisionPage
from ...models.list_decisions_tier import ListDecisionsTier
from ...models.problem_body import ProblemBody
from ...types import UNSET, Unset
from typing import cast
import datetime


def _get_kwargs(
    *,
    since: datetime.datetime | Unset = UNSET,
    tier: ListDecisionsTier | Unset = UNSET,
    cursor: str | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    json_since: str | Unset = UNSET
    if not isinstance(since, Unset):
        json_since = since.isoformat()
    params["since"] = json_since

    json_tier: str | Unset = UNSET
    if not isinstance(tier, Unset):
        json_tier = tier.value

    params["tier"] = json_tier

    params["cursor"] = cursor

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v1/decisions",
        "params": params,
    }

    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> DecisionPage | ProblemBody | None:
    if response.status_code == 200:
        response_200 = DecisionPage.from_dict(response.json())

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
) -> Response[DecisionPage | ProblemBody]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    since: datetime.datetime | Unset = UNSET,
    tier: ListDecisionsTier | Unset = UNSET,
    cursor: str | Unset = UNSET,
) -> Response[DecisionPage | ProblemBody]:
    """List stored decisions, oldest first

     Return stored decisions since an instant, oldest first, 100 a page.

    To hear of new ones, ask again later with `since` set to the last `decided_at`, and drop
    the event ids that you have already.

    The key needs the scope `decisions:read`.

    Args:
        since (datetime.datetime | Unset):
        tier (ListDecisionsTier | Unset):
        cursor (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[DecisionPage | ProblemBody]
    """

    kwargs = _get_kwargs(
        since=since,
        tier=tier,
        cursor=cursor,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient,
    since: datetime.datetime | Unset = UNSET,
    tier: ListDecisionsTier | Unset = UNSET,
    cursor: str | Unset = UNSET,
) -> DecisionPage | ProblemBody | None:
    """List stored decisions, oldest first

     Return stored decisions since an instant, oldest first, 100 a page.

    To hear of new ones, ask again later with `since` set to the last `decided_at`, and drop
    the event ids that you have already.

    The key needs the scope `decisions:read`.

    Args:
        since (datetime.datetime | Unset):
        tier (ListDecisionsTier | Unset):
        cursor (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        DecisionPage | ProblemBody
    """

    return sync_detailed(
        client=client,
        since=since,
        tier=tier,
        cursor=cursor,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    since: datetime.datetime | Unset = UNSET,
    tier: ListDecisionsTier | Unset = UNSET,
    cursor: str | Unset = UNSET,
) -> Response[DecisionPage | ProblemBody]:
    """List stored decisions, oldest first

     Return stored decisions since an instant, oldest first, 100 a page.

    To hear of new ones, ask again later with `since` set to the last `decided_at`, and drop
    the event ids that you have already.

    The key needs the scope `decisions:read`.

    Args:
        since (datetime.datetime | Unset):
        tier (ListDecisionsTier | Unset):
        cursor (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[DecisionPage | ProblemBody]
    """

    kwargs = _get_kwargs(
        since=since,
        tier=tier,
        cursor=cursor,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    since: datetime.datetime | Unset = UNSET,
    tier: ListDecisionsTier | Unset = UNSET,
    cursor: str | Unset = UNSET,
) -> DecisionPage | ProblemBody | None:
    """List stored decisions, oldest first

     Return stored decisions since an instant, oldest first, 100 a page.

    To hear of new ones, ask again later with `since` set to the last `decided_at`, and drop
    the event ids that you have already.

    The key needs the scope `decisions:read`.

    Args:
        since (datetime.datetime | Unset):
        tier (ListDecisionsTier | Unset):
        cursor (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        DecisionPage | ProblemBody
    """

    return (
        await asyncio_detailed(
            client=client,
            since=since,
            tier=tier,
            cursor=cursor,
        )
    ).parsed
