"""Names of columns as people have them; each table says what is to be found in it."""

import pytest

from cfdist.input.column_names import is_event_name, names_like
from cfdist.schema import ARTICLE_ID, BASKET_ID, QUANTITY, TIMESTAMP, USER_ID


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ("user_id,article_id,basket_id,quantity,timestamp", "user_id,article_id,basket_id"),
        ("InvoiceNo,StockCode,Quantity,InvoiceDate,CustomerID", "CustomerID,StockCode,InvoiceNo"),
        ("Invoice,StockCode,Quantity,InvoiceDate,Customer ID", "Customer ID,StockCode,Invoice"),
        ("Household_Key,PRODUCT_ID,BASKET_ID", "Household_Key,PRODUCT_ID,BASKET_ID"),
        ("memberno,itemdescription,itemno,receipt", "memberno,itemno,receipt"),
        ("fullVisitorId,sku,sessionId", "fullVisitorId,sku,sessionId"),
        ("visitorid,event,itemid,transactionid", "visitorid,itemid,transactionid"),
        ("userId,movieId,rating", "userId,movieId"),
        ("hashed_customer_id,parent_asin", "hashed_customer_id,parent_asin"),
        ("client,product", "client,product"),
        ("uid,isbn", "uid,isbn"),
        # what a line number, a stock level, a name or a status is not
        ("order_id,order_item_id,product_id,user_id", "user_id,product_id,order_id"),
        ("stock,movie,user", "user,movie"),
        ("parent_asin,product,user", "user,product"),
        ("product_name,product_id,customer_name,customer_id", "customer_id,product_id"),
        ("order_status,user,item", "user,item"),
    ],
)
def test_ids_by_name(columns: str, expected: str) -> None:
    found = [names_like(role, columns.split(",")) for role in (USER_ID, ARTICLE_ID, BASKET_ID)]
    assert [names[0] for names in found if names] == expected.split(",")


@pytest.mark.parametrize("name", ["Quantity", "qty", "order_qty", "UNITS", "count", "play_count"])
def test_quantity_by_name(name: str) -> None:
    assert names_like(QUANTITY, ["user", "item", name]) == [name]


@pytest.mark.parametrize("name", ["account", "discount", "unit_price", "amount"])
def test_what_is_not_a_quantity(name: str) -> None:
    assert names_like(QUANTITY, [name]) == []


@pytest.mark.parametrize(
    "name",
    ["Date", "InvoiceDate", "invoicedate", "t_dat", "created_at", "order_purchase_timestamp", "ts"],
)
def test_timestamp_by_name(name: str) -> None:
    assert names_like(TIMESTAMP, ["user", "item", "price", name]) == [name]


def test_the_date_of_the_order_wins_over_other_dates() -> None:
    found = names_like(TIMESTAMP, ["user", "birth_date", "delivery_date", "order_date", "date"])
    assert found == ["order_date", "date", "birth_date", "delivery_date"]


def test_other_dates_come_last() -> None:
    assert names_like(TIMESTAMP, ["delivery_date", "sold_date"]) == ["sold_date", "delivery_date"]


def test_the_canonical_name_comes_first() -> None:
    assert names_like(USER_ID, ["customer_id", "user_id"]) == ["user_id", "customer_id"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [("event", True), ("Event Type", True), ("action_type", True), ("event_time", False)],
)
def test_names_of_events(name: str, expected: bool) -> None:
    assert is_event_name(name) == expected
