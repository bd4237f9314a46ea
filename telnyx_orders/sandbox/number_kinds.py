"""Of which country and type a phone number is: what an order is split by."""

from typing import Final

from attrs import frozen

UNKNOWN_COUNTRY: Final = "ZZ"
"""The ISO 3166-1 code that is kept free for an unknown country."""

_LONGEST_CODE: Final = 3
_AREA_CODE: Final = slice(2, 5)

# By calling code. Where countries share one, the largest has it.
_COUNTRIES: Final = {
    "1": "US", "7": "RU", "20": "EG", "27": "ZA", "30": "GR", "31": "NL", "32": "BE", "33": "FR",
    "34": "ES", "36": "HU", "39": "IT", "40": "RO", "41": "CH", "43": "AT", "44": "GB", "45": "DK",
    "46": "SE", "47": "NO", "48": "PL", "49": "DE", "51": "PE", "52": "MX", "54": "AR", "55": "BR",
    "56": "CL", "57": "CO", "60": "MY", "61": "AU", "62": "ID", "63": "PH", "64": "NZ", "65": "SG",
    "66": "TH", "81": "JP", "82": "KR", "84": "VN", "86": "CN", "90": "TR", "91": "IN", "351": "PT",
    "352": "LU", "353": "IE", "354": "IS", "356": "MT", "357": "CY", "358": "FI", "359": "BG",
    "370": "LT", "371": "LV", "372": "EE", "380": "UA", "385": "HR", "386": "SI", "420": "CZ",
    "421": "SK", "506": "CR", "507": "PA", "852": "HK", "886": "TW", "966": "SA", "971": "AE",
    "972": "IL",
}  # fmt: skip
_CANADIAN_AREAS: Final = frozenset({
    "204", "226", "236", "249", "250", "289", "306", "343", "365", "403", "416", "418", "431",
    "437", "438", "450", "506", "514", "519", "548", "579", "581", "587", "604", "613", "639",
    "647", "705", "709", "778", "780", "782", "807", "819", "825", "867", "873", "902", "905",
})  # fmt: skip
_TOLL_FREE: Final = (
    "+1800", "+1833", "+1844", "+1855", "+1866", "+1877", "+1888",
    "+44800", "+44808", "+49800", "+33800", "+43800", "+39800", "+34900", "+611800",
)  # fmt: skip
_SHARED_COST: Final = ("+44843", "+44844", "+44845", "+49180", "+3382", "+611300")
_NATIONAL: Final = ("+443", "+4932", "+339")
_MOBILE: Final = ("+447", "+4915", "+4916", "+4917", "+336", "+337", "+316", "+614", "+3538")


@frozen
class NumberKind:
    """What the numbers of one sub number order have in common.

    Attributes:
        country: ISO 3166-1 alpha-2.
        type: `local`, `mobile`, `national`, `shared_cost` or `toll_free`.
    """

    country: str
    type: str


def kind_of(phone_number: str) -> NumberKind:
    """The kind of an E.164 number, by its first digits; roughly as its country assigns them."""
    return NumberKind(_country(phone_number), _type(phone_number))


def _country(phone_number: str) -> str:
    if phone_number.startswith("+1") and phone_number[_AREA_CODE] in _CANADIAN_AREAS:
        return "CA"
    for length in range(1, _LONGEST_CODE + 1):
        country = _COUNTRIES.get(phone_number[1 : 1 + length])
        if country is not None:
            return country
    return UNKNOWN_COUNTRY


def _type(phone_number: str) -> str:
    if phone_number.startswith(_TOLL_FREE):
        return "toll_free"
    if phone_number.startswith(_SHARED_COST):
        return "shared_cost"
    if phone_number.startswith(_MOBILE):
        return "mobile"
    if phone_number.startswith(_NATIONAL):
        return "national"
    return "local"
