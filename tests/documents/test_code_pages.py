"""Code pages are told apart by the letters that they make of the bytes."""

from __future__ import annotations

import pytest
from document_helpers import piped, read

from keydiff_cli.documents.code_pages import best_page

SENTENCES = {
    "de": "Die Fähre fährt nachts, während die Gäste schlafen; Rückfahrt täglich außer am Montag.",
    "fr": "Le témoin a été entendu hier après-midi à la préfecture, où il a nié les faits.",
    "es": "La señora Núñez firmó el contrato el lunes y recibió después la confirmación.",
    "pt": "A reunião começou às nove e não terminou antes da votação das alterações.",
    "sv": "På måndag kväll går båten från ön till fastlandet, även när det blåser hårt.",
    "da": "Færgen sejler også på lørdag, når vejret er godt, men først efter klokken ni.",
    "fi": "Sää jäähtyi yöllä, eikä väylää pitkin päässyt enää yhtään lämpimään satamaan.",
    "pl": "Późnym wieczorem książka leżała na stole, a światło wpadało przez okno.",
    "cs": "Příští schůze se koná v úterý večer, účast členů výboru je nezbytně nutná.",
    "hu": "A következő ülés időpontja kedd délután öt óra, a főbejáratnál gyülekezünk.",
    "ro": "Şedinţa următoare va avea loc marţi după-amiază, în clădirea veche a primăriei.",
    "tr": "Toplantı salı günü öğleden sonra yapılacak, bütün üyelerin katılması gerekiyor.",
    "lt": "Kitas posėdis įvyks antradienį po pietų, visi nariai privalo jame dalyvauti, šįkart.",
    "lv": "Nākamā sēde notiks otrdienas pēcpusdienā, visiem biedriem tajā jāpiedalās.",
    "ru": "Вечером книга лежала на столе, и лунный свет проникал в окно.",
    "uk": "Увечері книжка лежала на столі, і місячне світло проникало крізь вікно її кімнати.",
    "bg": "Следващото заседание ще се проведе във вторник следобед в старата сграда.",
    "el": "Η επόμενη συνεδρίαση θα γίνει την Τρίτη το απόγευμα στο παλιό κτίριο.",
    "he": "הישיבה הבאה תתקיים ביום שלישי אחר הצהריים בבניין הישן של העירייה.",
    "ar": "سيعقد الاجتماع القادم يوم الثلاثاء بعد الظهر في المبنى القديم للبلدية.",
    "th": "การประชุมครั้งต่อไปจะจัดขึ้นในวันอังคารช่วงบ่ายที่อาคารเก่าของเทศบาล",
    "ja": "次の会議は火曜日の午後に市役所の古い建物で行われます。",
    "ko": "다음 회의는 화요일 오후에 시청의 옛 건물에서 열립니다.",
    "zh": "下次会议将于星期二下午在市政府的旧大楼举行，所有委员都必须参加。",
    "zh-tw": "下次會議將於星期二下午在市政府的舊大樓舉行，所有委員都必須參加。",
}
PAGES = {
    **{
        language: ["cp1252", "cp850", "cp437", "mac_roman"]
        for language in ["de", "fr", "es", "sv", "fi"]
    },
    **{language: ["cp1252", "cp850", "mac_roman"] for language in ["pt", "da"]},
    **{language: ["cp1250", "iso8859_2", "cp852", "mac_latin2"] for language in ["pl", "cs", "hu"]},
    "ro": ["cp1250", "cp852"],
    "tr": ["cp1254", "cp857", "mac_turkish"],
    **{language: ["cp1257", "iso8859_13", "cp775"] for language in ["lt", "lv"]},
    "ru": ["cp1251", "koi8_r", "cp866", "iso8859_5", "mac_cyrillic", "cp855"],
    "uk": ["cp1251", "koi8_u", "iso8859_5"],
    "bg": ["cp1251", "koi8_r", "cp866"],
    "el": ["cp1253", "iso8859_7", "cp737", "mac_greek"],
    "he": ["cp1255", "cp862"],
    "ar": ["cp1256", "iso8859_6"],
    "th": ["cp874"],
    "ja": ["cp932", "euc_jp"],
    "ko": ["cp949", "johab"],
    "zh": ["gb18030"],
    "zh-tw": ["big5"],
}
CASES = [(language, page) for language in PAGES for page in PAGES[language]]


@pytest.mark.parametrize(("language", "page"), CASES)
def test_a_sentence_is_read_in_its_code_page(language: str, page: str) -> None:
    text = SENTENCES[language]
    data = text.encode(page)
    document = piped(data)
    assert read(document) == text
    assert len(document.warnings) == 1


def test_half_sentences() -> None:
    """Of all halves of the sentences, which have few odd letters, nearly all are read right."""
    wrong = [
        (language, page, half)
        for language, page in CASES
        for text in [SENTENCES[language]]
        for half in (text[: len(text) // 2], text[len(text) // 2 :])
        if half.encode(page).decode(best_page(half.encode(page)).codec, "replace") != half
    ]
    assert len(wrong) <= 0.05 * 2 * len(CASES), wrong


@pytest.mark.parametrize("text", ["“It’s fine” – he said… €5", "naïve café", "© 2024 §4, 20 °C"])
def test_english_with_signs_is_in_windows_1252(text: str) -> None:
    assert best_page(text.encode("cp1252")).codec == "cp1252"


def test_capitals_are_no_other_page() -> None:
    for page in ("cp1251", "koi8_r", "cp866"):
        text = SENTENCES["ru"].upper()
        assert text.encode(page).decode(best_page(text.encode(page)).codec) == text


def test_a_drawing_of_lines_in_a_dos_text() -> None:
    text = (
        "┌────────┬─────┐\n│ Gebühr │ für │\n├────────┼─────┤\n│ Ämter  │ 20  │\n└────────┴─────┘\n"
    )
    data = text.encode("cp850")
    assert data.decode(best_page(data).codec) == text
