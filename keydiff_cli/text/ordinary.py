"""English words that say nothing of their own: a capital does not make a name of them."""

from __future__ import annotations

_JOINING = """
a about above according across additionally after again against all also although among an and
another any are as at be because been before being below besides between both but by can could
currently despite did do does down due during each either every few finally first for four five
from furthermore given had has have he hence her here his how however i if in including instead
into is it its last lastly later least less made many meanwhile might more moreover most much my
neither next nine no none nor not now of on once one only onto or other others our out over overall
own per second seven several shall she should similarly since six so some such ten than that the
their them then there therefore these they third this those three through throughout thus to
together two under unless unlike until up upon using via was we were what when where whereas
whether which while who whom whose why will with within without would yes yet you your
"""
OPENERS = frozenset(_JOINING.split())
"""Words that join others or stand for them; many a sentence begins with one."""

_LABELLING = """
address amount answer appendix background chapter chart company conclusion context corporation corp
date description detail document example exhibit fact factor figure finding following form group
highlight history impact inc incorporated introduction item key level limited line list ltd main
management name note number outlook overview page paper paragraph part people performance person
place point purpose question reason registrant report result role section situation source
statement step story strategy summary table takeaway text theme time title topic total type value
volume year
"""
LABELS = frozenset(_LABELLING.split())
"""Words, in the singular, that headings and labels of a summary are made of, and forms of firms."""
