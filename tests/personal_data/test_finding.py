"""Personal data in sentences as they stand in lessons, and sentences that hold none."""

import gc
import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.personal_data.finding import find, kinds

HOLDS = [
    ("Write to mara.ilieva@rowanvale.example and she answers.", "email", "mara.ilieva@rowanvale.example"),
    ("Пишете на мара@пример.бг, моля.", "email", "мара@пример.бг"),
    ("(o'neil+orders@mail.co.uk)", "email", "o'neil+orders@mail.co.uk"),
    ("Call Petar on +359 888 123 456 after six.", "phone", "+359 888 123 456"),
    ("Мобилен: 0888 123 456.", "phone", "0888 123 456"),
    ("Тел. 02/987 65 43, вътрешен 12", "phone", "02/987 65 43"),
    ("His number is 0049 30 901820.", "phone", "0049 30 901820"),
    ("Ring (+44) 20 7946 0018", "phone", None),
    ("Transfer it to BG80 BNBG 9661 1020 3456 78 today.", "iban", "BG80 BNBG 9661 1020 3456 78"),
    ("IBAN DE89370400440532013000, thank you", "iban", "DE89370400440532013000"),
    ("GB82 WEST 1234 5698 7654 32 BARCLAYS", "iban", "GB82 WEST 1234 5698 7654 32"),
    ("She paid with 4111 1111 1111 1111.", "card", "4111 1111 1111 1111"),
    ("Card 5500-0000-0000-0004 was refused", "card", "5500-0000-0000-0004"),
    ("amex 378282246310005", "card", "378282246310005"),
    ("ЕГН 7523169263 на служителя", "national_id", "7523169263"),
    ("EGN: 8032056031", "national_id", "8032056031"),
    ("PESEL 44051401458", "national_id", "44051401458"),
    ("SSN 536-90-4399", "national_id", "536-90-4399"),
    ("RCCMNL83S18D969H is his codice fiscale", "national_id", "RCCMNL83S18D969H"),
    ("CNP 1630615123457", "national_id", "1630615123457"),
    ("DNI 54362315K", "national_id", "54362315K"),
    ("National Insurance number AB 12 34 56 C", "national_id", "AB 12 34 56 C"),
]


@pytest.mark.parametrize(("text", "kind", "part"), HOLDS, ids=[text for text, _, _ in HOLDS])
def test_personal_data_is_found_where_it_stands(text: str, kind: str, part: str | None) -> None:
    if part is None:
        assert kinds(text) == () or kinds(text) == (kind,)
        return
    (found,) = find(text)

    assert (found.kind, text[found.start : found.end]) == (kind, part)


@pytest.mark.parametrize(
    "text",
    [
        "How often do we post on Instagram?",
        "Four times a week: product, craft, customer, workshop.",
        "Отворено е от понеделник до петък от 09:00 до 17:30.",
        "A mug costs 24.50 EUR, a set of 6 costs 132,00 EUR.",
        "The budget for 2026 is 1 250 000 leva.",
        "Revenue was 12,345,678.90 EUR.",
        "Order 2026-000451 ships on 2026-11-24.",
        "Поръчка № 10045678 е изпратена.",
        "Our article number is 100-2345-789.",
        "SKU RV-10023-BL-XL is sold out.",
        "EAN 4006381333931 stands on the box.",
        "ISBN 978-3-16-148410-0",
        "ISBN 0-306-40615-2",
        "VAT number BG123456789, EIK 123456789.",
        "ЕИК 831902088",
        "Version 2.15.1 fixed it; 10.0.19045.3693 didn't.",
        "The server is 192.168.100.200:8080.",
        "See https://example.com/orders/20261124/4711?id=88123456",
        "Fire at 1240 °C for 10 hours, then 1,060 °C.",
        "Room 0211, floor 02.",
        "Timestamps such as 1732456789 and 1732456789123 are fine.",
        "UUID 6f2a4b0e-8f5c-5d0f-9a58-3a1c1f6f7f10",
        "Commit 5d0e3a524f1c5c399d1b6a6f3f0f7a11",
        "The glaze 4111 is blue.",
        "Number 4111 1111 1111 1112 fails its checksum.",
        "BG80 BNBG 9661 1020 3456 79 has a wrong check digit.",
        "The number 7523169263 stands alone.",
        "ЕГН 7523169264 е с грешна контролна цифра.",
        "From 08:00 to 09:00, on 01.02.2026 and 03/04/2026.",
        "Between 0 and 100; 0.5 % to 12.75 %.",
        "Tracking 1Z999AA10123456784.",
        "PO 4500012345 / item 00010",
        "Serial 0012-3456-7890-1234-9",
        "Coordinates 42.6977, 23.3219.",
        "Batch 20261124-0001-17",
        "Dial 112 in an emergency, or 150.",
        "Postcode 1000 Sofia, 9000 Varna.",
        "The @ sign alone, a@b, and @mentions are nothing.",
        "x @ y . com",
        "Capacity 1500 ml, weight 0.350 kg, 12 x 8 x 9 cm.",
        "Account 411 and 702 of the chart.",
        "ΔE = 2.3; π = 3.14159265358979.",
        "Fax class 3, form 1040, ISO 9001:2015, EN 12875-4.",
        "Ratio 16:9, score 3-2, seats 12-24.",
        "Pallet 0123456 of 0123999",
        "Invoice 0000012345",
        "Фактура 0000045678/24.11.2026",
        "Delivery note 2000-300-4000",
        "Discount 10+2, code SPRING2026.",
        "Q3 2026 vs Q3 2025: +12.4 %.",
        "Telephone hours are 10 to 12.",
        "+5 to +35 degrees, +1 200 pieces",
        "A4 210 x 297 mm",
        "Colour #112233445566",
        "Steps 1 2 3 4 5 6 7 8 9 10 11 12",
        "Licence plate CB 1234 AB",
        "Product key AAAAA-BBBBB-11111-22222",
        "Kiln 3 ran 1000000 cycles in 2025",
        "IP 2001:0db8:85a3:0000:0000:8a2e:0370:7334",
        "Weight class 00 to 05",
    ],
)
def test_business_texts_hold_none(text: str) -> None:
    assert find(text) == []


@given(st.text(max_size=300))
def test_any_text_is_looked_through(text: str) -> None:
    found = find(text)

    assert all(0 <= one.start < one.end <= len(text) for one in found)
    assert all(before.end <= after.start for before, after in pairwise(found))


@pytest.mark.parametrize(
    "piece", ["1", "@", "+", "a@", "0 ", "+1", "4111 ", "BG80 ", "a@b.bg ", "ЕГН 7523169263 ", "-1"]
)
def test_the_time_is_linear_in_the_text(piece: str) -> None:
    find(piece * 100)  # what is imported late is imported now
    short, long = _seconds(piece, 8_000), _seconds(piece, 64_000)

    assert long < 8 * 5 * max(short, 0.002)


def _seconds(piece: str, size: int) -> float:
    """Of work: what others do on this machine doesn't count."""
    text = piece * (size // len(piece))
    gc.freeze()  # nor what earlier tests have left, through which the collector would look again and again
    try:
        started = time.thread_time()
        find(text)
        return time.thread_time() - started
    finally:
        gc.unfreeze()
