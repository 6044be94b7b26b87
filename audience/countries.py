"""The countries of ISO 3166-1: parsed from what people write, with names to show.

Each has its two-letter code, three-letter code, English name, and other names used there or in English. A name that
could mean two countries (Congo, Korea, Macedonia) belongs to neither, so that the user is asked. A part of a country
without a code of its own that is often named instead (Scotland, the Canary Islands) is listed with the country.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache

from audience.errors import InvalidValue

TABLE = """
AD AND Andorra
AE ARE United Arab Emirates | UAE | Emirates | الإمارات
AF AFG Afghanistan | افغانستان
AG ATG Antigua and Barbuda
AI AIA Anguilla
AL ALB Albania | Shqipëri | Shqipëria
AM ARM Armenia | Հայաստան
AO AGO Angola
AQ ATA Antarctica
AR ARG Argentina
AS ASM American Samoa
AT AUT Austria | Österreich | Oesterreich
AU AUS Australia
AW ABW Aruba
AX ALA Åland Islands | Åland
AZ AZE Azerbaijan | Azərbaycan
BA BIH Bosnia and Herzegovina | Bosnia | Bosna i Hercegovina
BB BRB Barbados
BD BGD Bangladesh | বাংলাদেশ
BE BEL Belgium | België | Belgique | Belgien
BF BFA Burkina Faso
BG BGR Bulgaria | България
BH BHR Bahrain | البحرين
BI BDI Burundi
BJ BEN Benin | Bénin
BL BLM Saint Barthélemy | St Barts
BM BMU Bermuda
BN BRN Brunei | Brunei Darussalam
BO BOL Bolivia
BQ BES Caribbean Netherlands | Bonaire, Sint Eustatius and Saba | Bonaire | Sint Eustatius | Saba
BR BRA Brazil | Brasil
BS BHS Bahamas
BT BTN Bhutan
BV BVT Bouvet Island
BW BWA Botswana
BY BLR Belarus | Беларусь
BZ BLZ Belize
CA CAN Canada
CC CCK Cocos (Keeling) Islands | Cocos Islands
CD COD Congo (Kinshasa) | Democratic Republic of the Congo | DR Congo | DRC | Congo, The Democratic Republic of the
CF CAF Central African Republic | République centrafricaine
CG COG Congo (Brazzaville) | Republic of the Congo
CH CHE Switzerland | Schweiz | Suisse | Svizzera | Svizra
CI CIV Côte d'Ivoire | Ivory Coast
CK COK Cook Islands
CL CHL Chile
CM CMR Cameroon | Cameroun
CN CHN China | People's Republic of China | PRC | 中国
CO COL Colombia
CR CRI Costa Rica
CU CUB Cuba
CV CPV Cabo Verde | Cape Verde
CW CUW Curaçao
CX CXR Christmas Island
CY CYP Cyprus | Κύπρος | Kibris
CZ CZE Czechia | Czech Republic | Česko | Česká republika
DE DEU Germany | Deutschland | Federal Republic of Germany
DJ DJI Djibouti
DK DNK Denmark | Danmark
DM DMA Dominica
DO DOM Dominican Republic | República Dominicana
DZ DZA Algeria | Algérie | الجزائر
EC ECU Ecuador
EE EST Estonia | Eesti
EG EGY Egypt | مصر
EH ESH Western Sahara
ER ERI Eritrea
ES ESP Spain | España | Canary Islands | Canarias
ET ETH Ethiopia
FI FIN Finland | Suomi
FJ FJI Fiji
FK FLK Falkland Islands | Falklands | Malvinas
FM FSM Micronesia | Federated States of Micronesia | Micronesia, Federated States of
FO FRO Faroe Islands | Faroes | Føroyar
FR FRA France
GA GAB Gabon
GB GBR United Kingdom | UK | Great Britain | Britain | England | Scotland | Wales | Northern Ireland
GD GRD Grenada
GE GEO Georgia | საქართველო | Sakartvelo
GF GUF French Guiana | Guyane
GG GGY Guernsey
GH GHA Ghana
GI GIB Gibraltar
GL GRL Greenland | Kalaallit Nunaat
GM GMB Gambia
GN GIN Guinea | Guinée
GP GLP Guadeloupe
GQ GNQ Equatorial Guinea | Guinea Ecuatorial
GR GRC Greece | Ελλάδα | Hellas | Hellenic Republic
GS SGS South Georgia and the South Sandwich Islands
GT GTM Guatemala
GU GUM Guam
GW GNB Guinea-Bissau | Guiné-Bissau
GY GUY Guyana
HK HKG Hong Kong | 香港
HM HMD Heard Island and McDonald Islands
HN HND Honduras
HR HRV Croatia | Hrvatska
HT HTI Haiti | Haïti
HU HUN Hungary | Magyarország
ID IDN Indonesia
IE IRL Ireland | Éire | Republic of Ireland
IL ISR Israel | ישראל
IM IMN Isle of Man
IN IND India | Bharat | भारत
IO IOT British Indian Ocean Territory
IQ IRQ Iraq | العراق
IR IRN Iran | Islamic Republic of Iran | ایران
IS ISL Iceland | Ísland
IT ITA Italy | Italia
JE JEY Jersey
JM JAM Jamaica
JO JOR Jordan | الأردن
JP JPN Japan | Nippon | 日本
KE KEN Kenya
KG KGZ Kyrgyzstan | Кыргызстан
KH KHM Cambodia | Kampuchea
KI KIR Kiribati
KM COM Comoros | Comores
KN KNA Saint Kitts and Nevis
KP PRK North Korea | Democratic People's Republic of Korea | Korea, Democratic People's Republic of | DPRK
KR KOR South Korea | Republic of Korea | Korea, Republic of | 대한민국 | 한국
KW KWT Kuwait | الكويت
KY CYM Cayman Islands
KZ KAZ Kazakhstan | Қазақстан
LA LAO Laos | Lao People's Democratic Republic
LB LBN Lebanon | Liban | لبنان
LC LCA Saint Lucia
LI LIE Liechtenstein
LK LKA Sri Lanka
LR LBR Liberia
LS LSO Lesotho
LT LTU Lithuania | Lietuva
LU LUX Luxembourg | Lëtzebuerg | Luxemburg
LV LVA Latvia | Latvija
LY LBY Libya | ليبيا
MA MAR Morocco | Maroc | المغرب
MC MCO Monaco
MD MDA Moldova | Republic of Moldova
ME MNE Montenegro | Crna Gora
MF MAF Saint Martin (French part) | Saint Martin
MG MDG Madagascar | Madagasikara
MH MHL Marshall Islands
MK MKD North Macedonia | Северна Македонија
ML MLI Mali
MM MMR Myanmar | Burma
MN MNG Mongolia | Монгол
MO MAC Macao | Macau | 澳門
MP MNP Northern Mariana Islands
MQ MTQ Martinique
MR MRT Mauritania | Mauritanie
MS MSR Montserrat
MT MLT Malta
MU MUS Mauritius | Maurice
MV MDV Maldives
MW MWI Malawi
MX MEX Mexico | México
MY MYS Malaysia
MZ MOZ Mozambique | Moçambique
NA NAM Namibia
NC NCL New Caledonia | Nouvelle-Calédonie
NE NER Niger
NF NFK Norfolk Island
NG NGA Nigeria
NI NIC Nicaragua
NL NLD Netherlands | Nederland | Holland
NO NOR Norway | Norge | Noreg
NP NPL Nepal | नेपाल
NR NRU Nauru
NU NIU Niue
NZ NZL New Zealand | Aotearoa
OM OMN Oman
PA PAN Panama | Panamá
PE PER Peru | Perú
PF PYF French Polynesia | Tahiti | Polynésie française
PG PNG Papua New Guinea
PH PHL Philippines | Pilipinas
PK PAK Pakistan | پاکستان
PL POL Poland | Polska
PM SPM Saint Pierre and Miquelon | Saint-Pierre-et-Miquelon
PN PCN Pitcairn | Pitcairn Islands
PR PRI Puerto Rico
PS PSE Palestine | State of Palestine | Palestine, State of | Palestinian Territories
PT PRT Portugal | Azores | Açores | Madeira
PW PLW Palau
PY PRY Paraguay
QA QAT Qatar | قطر
RE REU Réunion | La Réunion
RO ROU Romania | România
RS SRB Serbia | Srbija | Србија
RU RUS Russia | Russian Federation | Россия
RW RWA Rwanda
SA SAU Saudi Arabia | السعودية
SB SLB Solomon Islands
SC SYC Seychelles
SD SDN Sudan | السودان
SE SWE Sweden | Sverige
SG SGP Singapore | Singapura | 新加坡
SH SHN Saint Helena, Ascension and Tristan da Cunha | Saint Helena
SI SVN Slovenia | Slovenija
SJ SJM Svalbard and Jan Mayen | Svalbard
SK SVK Slovakia | Slovak Republic | Slovensko
SL SLE Sierra Leone
SM SMR San Marino
SN SEN Senegal | Sénégal
SO SOM Somalia | Soomaaliya
SR SUR Suriname
SS SSD South Sudan
ST STP São Tomé and Príncipe
SV SLV El Salvador
SX SXM Sint Maarten (Dutch part) | Sint Maarten | Saint Martin (Dutch part)
SY SYR Syria | Syrian Arab Republic | سوريا
SZ SWZ Eswatini | Swaziland
TC TCA Turks and Caicos Islands
TD TCD Chad | Tchad
TF ATF French Southern Territories
TG TGO Togo
TH THA Thailand | ไทย
TJ TJK Tajikistan | Тоҷикистон
TK TKL Tokelau
TL TLS Timor-Leste | East Timor
TM TKM Turkmenistan | Türkmenistan
TN TUN Tunisia | Tunisie | تونس
TO TON Tonga
TR TUR Türkiye | Turkey
TT TTO Trinidad and Tobago | Trinidad
TV TUV Tuvalu
TW TWN Taiwan | 台灣
TZ TZA Tanzania | United Republic of Tanzania
UA UKR Ukraine | Україна
UG UGA Uganda
UM UMI United States Minor Outlying Islands
US USA United States | USA | United States of America | America
UY URY Uruguay
UZ UZB Uzbekistan | O'zbekiston
VA VAT Vatican City | Holy See | Vatican
VC VCT Saint Vincent and the Grenadines
VE VEN Venezuela
VG VGB British Virgin Islands | Virgin Islands, British
VI VIR United States Virgin Islands | Virgin Islands, U.S.
VN VNM Vietnam | Viet Nam | Việt Nam
VU VUT Vanuatu
WF WLF Wallis and Futuna
WS WSM Samoa
YE YEM Yemen | اليمن
YT MYT Mayotte
ZA ZAF South Africa | Suid-Afrika
ZM ZMB Zambia
ZW ZWE Zimbabwe
"""


# Two-letter codes in use besides ISO 3166-1: the EU writes EL for Greece.
_ALSO_WRITTEN = {"EL": "GR"}
_MOST_SUGGESTED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Country:
    """A country or territory of ISO 3166-1.

    Attributes:
        code: alpha-2, such as `DE`.
        long_code: alpha-3, such as `DEU`.
        name: in English.
        other_names: other spellings, in the languages spoken there or in English.
    """

    code: str
    long_code: str
    name: str
    other_names: tuple[str, ...]

    @property
    def label(self) -> str:
        """The name with its code and other names, for a searchable list: `Germany (DE) · Deutschland`."""
        return " · ".join([f"{self.name} ({self.code})", *self.other_names])


@cache
def countries() -> Mapping[str, Country]:
    """All countries by code, sorted by name."""
    return {one.code: one for one in sorted(_read(), key=lambda one: _plain(one.name))}


def country_code(text: str) -> str:
    """The ISO 3166-1 alpha-2 code of a country, such as `DE`.

    Args:
        text: a two- or three-letter code or a name, in any case, with or without accents.

    Raises:
        InvalidValue: it is not the code of a country, nor a name of exactly one. The message suggests what may have
            been meant. Nothing is truncated or guessed: `Germany` never becomes `GE`, which is Georgia.
    """
    written = text.strip()
    # `upper` may change the number of letters: ß becomes SS, which is South Sudan.
    if written.isascii() and (code := _ALSO_WRITTEN.get(written.upper(), written.upper())) in countries():
        return code
    if (found := _by_name().get(_plain(written))) is not None:
        return found
    meant = " or ".join(_suggested(_plain(written)))
    raise InvalidValue(
        f"{text!r} is not the name or code of a country: "
        + (f"did you mean {meant}?" if meant else "write one such as Germany or DE")
    )


def country_name(code: str) -> str:
    """The English name of a country, by its alpha-2 code."""
    return countries()[code].name


def _read() -> Iterator[Country]:
    for line in TABLE.strip().splitlines():
        code, long_code, names = line.split(" ", 2)
        name, *others = names.split(" | ")
        yield Country(code=code, long_code=long_code, name=name, other_names=tuple(others))


@cache
def _by_name() -> Mapping[str, str]:
    return {
        _plain(written): one.code
        for one in countries().values()
        for written in (one.long_code, one.name, *one.other_names)
    }


def _plain(text: str) -> str:
    """A name normalised for lookup: without case, accents and "the", with "Saint" for "St." and "and" for "&"."""
    folded = unicodedata.normalize("NFKD", text).casefold().replace("&", " and ").replace(".", "")
    bare = "".join(one for one in folded if not unicodedata.combining(one))
    words = "".join(one if one.isalnum() else " " for one in bare).split()
    if words[:1] == ["the"]:
        words = words[1:]
    return " ".join("saint" if word == "st" else word for word in words)


def _suggested(plain: str) -> list[str]:
    """Suggested countries: those whose names contain the text at a word boundary, else those with similar spelling."""
    if len(plain) < 3:  # most names contain it
        return []
    within = [name for name in _by_name() if f" {plain}" in f" {name}" or f" {plain} ".endswith(f" {name} ")]
    alike = within or get_close_matches(plain, _by_name(), n=_MOST_SUGGESTED)
    return list(dict.fromkeys(country_name(_by_name()[name]) for name in alike))[:_MOST_SUGGESTED]
