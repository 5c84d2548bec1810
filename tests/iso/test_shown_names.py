"""What a cardholder reads of a merchant is what the merchant wrote, but for what a phone would make a link of."""

from iso_alert.iso.merchant import acceptor


def test_letters_of_an_address_stay() -> None:
    """WWW.SHOP.TH loses its dots, as BILL.XBOX.COM does, and keeps its capitals."""
    shown, _ = acceptor("WWW.SHOP.TH".ljust(25), "visa", "tis-620")

    assert shown == "WWW SHOP TH"
