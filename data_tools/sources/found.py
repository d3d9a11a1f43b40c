"""What was found in sources, and where."""

from dataclasses import dataclass, field, replace

from data_tools.sources.members import Member
from data_tools.sources.passed_over import PassedOver
from data_tools.sources.split_choice import TEST_OPTION
from data_tools.sources.split_names import TRAIN_UNTOLD, NamedSplit
from data_tools.sources.stored import Collection
from data_tools.splits import Split


@dataclass
class Found:
    """What sources hold.

    Attributes:
        members: in order of their names.
        collections: folders and archives of pictures.
        arrays: files of many images, and of their labels.
        lone_arrays: places of such files in each source that holds nothing else.
        stores: HDF5 files that are named themselves; in a folder one may be what was made of it.
        beside: folders and archives with files that may say what labels mean.
        passed_over: what is no source of samples.
        uncertain: names that have a word of the test split and yet do not tell it.
        notes: how names in archives were read, and which archives may be cut off, a line each.
    """

    members: list[Member] = field(default_factory=list)
    collections: list[Collection] = field(default_factory=list)
    arrays: list[Member] = field(default_factory=list)
    lone_arrays: list[set[str]] = field(default_factory=list)
    stores: list[Member] = field(default_factory=list)
    beside: list[Collection] = field(default_factory=list)
    passed_over: list[PassedOver] = field(default_factory=list)
    uncertain: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class FoundPlace:
    """Where a file was found.

    Attributes:
        shown: the source's own name and the path below it.
        full: where a person finds it.
        above: names of folders above the source that may tell the split, from the farthest.
        split: what a person said it is.
        archives: how many lie around it.
    """

    shown: str
    full: str
    above: tuple[str, ...]
    split: Split | None
    archives: int = 0

    @property
    def named_split(self) -> NamedSplit:
        """What a person said it is; train where nobody said anything."""
        return TRAIN_UNTOLD if self.split is None else NamedSplit(self.split, TEST_OPTION)

    def below(self, name: str, *, archives: int = 0) -> "FoundPlace":
        """The place of a file in this folder or archive."""
        return replace(
            self,
            shown=f"{self.shown}/{name}",
            full=f"{self.full}/{name}",
            archives=self.archives + archives,
        )
