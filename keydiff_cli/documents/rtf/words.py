"""The words of RTF, by what they are for its text."""

from __future__ import annotations

_NO_TEXT = (
    "colortbl info fldinst filetbl revtbl rsidtbl generator themedata latentstyles datastore "
    "listtable listoverridetable nonshppict bkmkstart bkmkend tc xe template nonesttables "
    "datafield formfield objdata objclass objname panose falt sn sv atnref atndate atnid "
    "pnseclvl mmathPr xmlnstbl wgrffmtfilter htmltag mhtmltag colorschememapping"
)
_READ = (
    "footnote annotation shppict shpinst shptxt atnauthor result fldrslt pntext listtext ud "
    "stylesheet"
)

# Groups that are not read: with what is left out so, or nothing where it is no text.
SKIPPED = {
    **dict.fromkeys(_NO_TEXT.split(), ""),
    "pict": "pictures",
    "objdata": "embedded objects",
}
STARRED = frozenset(_READ.split())  # groups that may be passed over, and are read all the same
CHARACTERS = {
    **{"tab": "\t", "emdash": "—", "endash": "–", "bullet": "•", "lquote": "‘", "rquote": "’"},
    **{"ldblquote": "“", "rdblquote": "”", "emspace": " ", "enspace": " ", "qmspace": " "},
    **{"~": " ", "_": "-"},
}
