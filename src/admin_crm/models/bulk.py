"""What a bulk operation did: an outcome for each item."""

from __future__ import annotations

import html
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from admin_crm.errors import AdminCRMError, BulkError


@dataclass(frozen=True, repr=False)
class BulkResult:
    """The outcome of each item of a bulk operation; it prints as counts, without personal data.

    Items are customers, by their ids. Where there is no customer yet, they are named: ``row 37`` of the customers to
    create, or a file's name.

    Examples:
        >>> result = notify_customers(crm, customers, "Rebajas", "Hasta el domingo")
        >>> print(result)
        notify_customers: 499 done, 1 failed
        >>> result.raise_for_failures()
    """

    operation: str
    """The function that was called."""
    done: list[UUID] = field(default_factory=list[UUID])
    """The customers for whom it was done, in the order of the list."""
    failed: dict[str, AdminCRMError] = field(default_factory=dict[str, AdminCRMError])
    """Why it was not done for an item, by the customer's id as text, or by the item's name."""
    skipped: list[UUID | str] = field(default_factory=list[UUID | str])
    """Items for which there was nothing to do: the journal says that it is done, or nothing would change."""
    remaining: list[UUID | str] = field(default_factory=list[UUID | str])
    """Items that were not reached; of a dry run, those for which it would be done."""
    uncertain: list[UUID | str] = field(default_factory=list[UUID | str])
    """Those of `remaining` that may have been done, because the server's answer was lost."""
    dry_run: bool = False
    """Whether this is only the plan, and nothing was written."""
    passwords_file: Path | None = None
    """Of `create_customers`: the file of the generated passwords, readable by its owner only; None if there is none."""
    paths: dict[str, str] = field(default_factory=dict[str, str])
    """Of `upload_evidence_files`: the path in the bucket of each file that is stored, by its name."""

    def __len__(self) -> int:
        """Return the number of items, duplicates counted once."""
        return len(self.done) + len(self.failed) + len(self.skipped) + len(self.remaining)

    def __str__(self) -> str:
        return f"{self.operation}: {', '.join(f'{count:,} {name}' for name, count in self._counts().items())}"

    def __repr__(self) -> str:
        return f"<BulkResult {self}>"

    def _repr_html_(self) -> str:
        """Show the counts in a notebook, and how many items failed for the same reason."""
        rows = [f"<tr><th>{name}</th><td>{count:,}</td></tr>" for name, count in self._counts().items()]
        rows += [f"<tr><td>{name}</td><td>{count:,}</td></tr>" for name, count in self._failures().items()]
        return f"<table><caption>{html.escape(self.operation)}</caption>{''.join(rows)}</table>"

    def raise_for_failures(self) -> None:
        """Raise if an item failed; whatever was done stays done.

        Raises:
            BulkError: at least one item failed. `result` is this result, and the first failure is the cause.
        """
        if not self.failed:
            return
        kinds = ", ".join(f"{count:,} {name}" for name, count in self._failures().items())
        first = next(iter(self.failed.values()))
        raise BulkError(
            f"{len(self.failed):,} of {len(self):,} failed ({kinds})",
            result=self,
            operation=self.operation,
            hint="error.result.failed says why, for each of them",
        ) from first

    def _counts(self) -> dict[str, int]:
        """Count what there is, and `done` always."""
        counts = {
            "would be done" if self.dry_run else "done": len(self.remaining if self.dry_run else self.done),
            "failed": len(self.failed),
            "skipped": len(self.skipped),
            "remaining": 0 if self.dry_run else len(self.remaining),
        }
        return {name: count for place, (name, count) in enumerate(counts.items()) if count or not place}

    def _failures(self) -> dict[str, int]:
        return dict(Counter(type(error).__name__ for error in self.failed.values()).most_common())
