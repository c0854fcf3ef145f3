"""The table's own few words: plain Python values in and out, conditions as answers, throttles as our error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import Binary, TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError

from ringline_core.errors import StoreThrottledError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Item = dict[str, Any]
_THROTTLES = frozenset(
    {"ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded", "InternalServerError"}
)
_AT_ONCE = 100
"""Keys that one BatchGetItem takes. Source: DynamoDB API reference."""

_REFUSED = "ConditionalCheckFailedException"
_read = TypeDeserializer().deserialize
_write = TypeSerializer().serialize


@dataclass(frozen=True)
class Written:
    """The answer to a conditional write.

    Attributes:
        applied: Whether the condition held.
        item: The item after the write, or as it stands when the condition failed; empty when there is none.
    """

    applied: bool
    item: Item


class Table:
    """One DynamoDB table."""

    def __init__(self, client: DynamoDBClient, name: str) -> None:
        """`client` should have its own short time-outs; nothing is retried here."""
        self._client = client
        self._name = name

    def get(self, key: Mapping[str, str], *, consistent: bool = True) -> Item | None:
        """The item, or None.

        Raises:
            StoreThrottledError: The table refused for load.
        """
        answer = self._ask(
            lambda: self._client.get_item(TableName=self._name, Key=_out(key), ConsistentRead=consistent)
        )
        return _in(answer["Item"]) if "Item" in answer else None

    def get_many(self, wanted: Sequence[Mapping[str, str]]) -> list[Item]:
        """The items of these keys, read consistently, in no order; those that are not there are left out.

        Raises:
            StoreThrottledError: The table refused for load, or has no more to tell before all is told.
        """
        found: list[Item] = []
        for begin in range(0, len(wanted), _AT_ONCE):
            asked = [_out(key) for key in wanted[begin : begin + _AT_ONCE]]
            while asked:
                request = {self._name: {"Keys": asked, "ConsistentRead": True}}
                answer = self._ask(lambda request=request: self._client.batch_get_item(RequestItems=request))
                left = answer.get("UnprocessedKeys", {}).get(self._name, {}).get("Keys", [])
                if len(left) == len(asked):
                    raise StoreThrottledError("UnprocessedKeys")
                asked = left  # an answer in part is ordinary: it has a bound in bytes
                found += [_in(item) for item in answer["Responses"].get(self._name, ())]
        return found

    def put(self, item: Mapping[str, Any], *, only_new: bool = False) -> bool:
        """Store an item whole; with `only_new` not over one that is there. Whether it was stored."""
        condition = {"ConditionExpression": "attribute_not_exists(pk)"} if only_new else {}
        try:
            self._ask(lambda: self._client.put_item(TableName=self._name, Item=_out(item), **condition))  # type: ignore[arg-type]
        except _ConditionFailed:
            return False
        return True

    def update(
        self,
        key: Mapping[str, str],
        expression: str,
        values: Mapping[str, Any],
        *,
        condition: str | None = None,
        names: Mapping[str, str] | None = None,
    ) -> Written:
        """One conditional write whose answer is the whole item, whether it held or not.

        Source: DynamoDB UpdateItem, ReturnValues ALL_NEW and ReturnValuesOnConditionCheckFailure ALL_OLD; neither costs
        read units.
        """
        request: dict[str, Any] = {
            "TableName": self._name,
            "Key": _out(key),
            "UpdateExpression": expression,
            "ReturnValues": "ALL_NEW",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        if values:
            request["ExpressionAttributeValues"] = _out(values)
        if names:
            request["ExpressionAttributeNames"] = dict(names)
        if condition:
            request["ConditionExpression"] = condition
        try:
            answer = self._ask(lambda: self._client.update_item(**request))
        except _ConditionFailed as failed:
            return Written(False, failed.item)
        return Written(True, _in(answer["Attributes"]))

    def take(self, key: Mapping[str, str]) -> Item | None:
        """Delete the item and hand it over; None when somebody else was first."""
        answer = self._ask(
            lambda: self._client.delete_item(TableName=self._name, Key=_out(key), ReturnValues="ALL_OLD")
        )
        return _in(answer["Attributes"]) if answer.get("Attributes") else None

    def delete(self, key: Mapping[str, str]) -> None:
        """Delete the item, if there is one."""
        self._ask(lambda: self._client.delete_item(TableName=self._name, Key=_out(key)))

    def query(
        self,
        pk: str,
        prefix: str = "",
        *,
        newest_first: bool = False,
        limit: int | None = None,
        beyond: str | None = None,
        between: tuple[str, str] | None = None,
    ) -> list[Item]:
        """Items of one partition in the order of their sort keys.

        Args:
            pk: The partition.
            prefix: Only those whose sort key begins so.
            newest_first: In the opposite order.
            limit: At most so many.
            beyond: Only those that come after this sort key.
            between: Only those whose sort key lies between these two, both included; instead of `prefix`.
        """
        values = {":pk": pk} | ({":prefix": prefix} if prefix else {})
        condition = "pk = :pk" + (" AND begins_with(sk, :prefix)" if prefix else "")
        if between:
            values |= {":low": between[0], ":high": between[1]}
            condition = "pk = :pk AND sk BETWEEN :low AND :high"
        request: dict[str, Any] = {
            "TableName": self._name,
            "KeyConditionExpression": condition,
            "ExpressionAttributeValues": _out(values),
            "ScanIndexForward": not newest_first,
        }
        if limit:
            request["Limit"] = limit
        if beyond:
            request["ExclusiveStartKey"] = _out({"pk": pk, "sk": beyond})
        found: list[Item] = []
        while True:
            answer = self._ask(lambda: self._client.query(**request))
            found += [_in(item) for item in answer["Items"]]
            last = answer.get("LastEvaluatedKey")
            if not last or (limit and len(found) >= limit):
                return found
            request["ExclusiveStartKey"] = last

    @staticmethod
    def _ask(request: Any) -> Any:
        try:
            return request()
        except ClientError as err:
            code = err.response["Error"]["Code"]
            if code == _REFUSED:
                raise _ConditionFailed(err.response.get("Item")) from err  # type: ignore[arg-type]
            if code in _THROTTLES:
                raise StoreThrottledError(code) from err
            raise


class _ConditionFailed(Exception):  # noqa: N818 - not an error, an answer
    def __init__(self, item: Mapping[str, Any] | None) -> None:
        super().__init__("condition failed")
        self.item = _in(item) if item else {}


def _out(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _write(value) for name, value in values.items()}


def _in(item: Mapping[str, Any]) -> Item:
    return {name: _plain(_read(value)) for name, value in item.items()}


def _plain(value: Any) -> Any:
    match value:
        case Binary():
            return bytes(value.value)  # type: ignore[attr-defined]  # the stubs leave it out
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case list():
            return [_plain(each) for each in value]
        case dict():
            return {key: _plain(each) for key, each in value.items()}
        case _:
            return value
