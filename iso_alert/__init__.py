"""iso_alert: a payment host speaks ISO 8583, the cardholder reads an SMS."""
