"""Ways to read a document for questions: by a policy with a budget, or not at all."""

from __future__ import annotations

from dataclasses import dataclass, replace

from keydiff_cli.bench.asked_documents import AskedDocument, AskedQuestion
from keydiff_cli.bench.records import Key, Record
from keydiff_cli.bench.variants import Variant
from keydiff_cli.eviction import Policy
from keydiff_cli.policies import policy_version
from keydiff_cli.settings.config import Settings

ALONE = "passages"  # in place of the policy, where no document is in the cache


@dataclass(frozen=True)
class Trial:
    """A document that is read in one way, for questions with some variants.

    Attributes
    ----------
    policy
        What decides which tokens stay; None for passages without a document in the cache.
    budget
        Tokens that stay, at most; None for all.
    part
        The budget as a part of the document, such as ``1/8``, if it was asked for like that.
    """

    document: AskedDocument
    policy: Policy | None
    budget: int | None
    part: str | None
    variants: tuple[Variant, ...]

    @property
    def name(self) -> str:
        """The policy in records."""
        return ALONE if self.policy is None else self.policy.name

    @property
    def version(self) -> str | None:
        """What tells the policy from others of its name."""
        return None if self.policy is None else policy_version(self.policy)

    def key(self, question: AskedQuestion, variant: Variant) -> Key:
        """The key of a record."""
        return self.document.id(question), self.name, self.budget, variant.name

    def about(self, question: AskedQuestion, variant: Variant) -> Record:
        """What a record has of its question, and of the way that it is asked."""
        return {
            "id": self.document.id(question),
            "text": self.document.sha256,
            "document": self.document.path.name,
            "task": question.kind,
            "length": None,
            "depth": None,
            "policy": self.name,
            "policy_version": self.version,
            "budget": self.budget,
            "part": self.part,
            "evidence": variant.name,
            "question": question.text,
        }

    def settings(self, settings: Settings) -> Settings:
        """The settings to read by: what is read is kept, so that no run reads it again."""
        if self.policy is None:
            return self.variants[0].applied(settings)
        more = any(variant.needs_archive for variant in self.variants)
        return replace(
            settings,
            policy=self.policy.name,
            budget=self.budget,
            archive="full" if more else settings.archive,
            recall=max(variant.recall for variant in self.variants),
            second_look=max(variant.second_look for variant in self.variants),
        )
