"""The plans that a stream may name. Their strategies read a whole list although rows move meanwhile."""

from source_invoicing.streams.listing.keyset import Keyset
from source_invoicing.streams.listing.newest_change import NewestChange, NewestChangeOverlap
from source_invoicing.streams.listing.overlap import Overlap
from source_invoicing.streams.listing.paging import Offsets, Pages, Tokens
from source_invoicing.streams.listing.passes import Passes
from source_invoicing.streams.listing.ranges import KeyRanges
from source_invoicing.streams.listing.reader import ListReader, RemainingPlans
from source_invoicing.streams.listing.strategy import Batch, Plan
from source_invoicing.streams.page import Order, Paging

#: Oldest change first; each request asks for page 1 of what changed since the last time seen.
KEYSET = Plan(Keyset, Order.OLDEST_CHANGE_FIRST)
#: Newest change first, down to the cursor.
NEWEST_CHANGE = Plan(NewestChange, Order.NEWEST_CHANGE_FIRST, filtered=False)
NEWEST_CHANGE_OVERLAP = Plan(NewestChangeOverlap, Order.NEWEST_CHANGE_FIRST, filtered=False)
#: Oldest row first, which no edit changes, in overlapping pages.
CREATION_ORDER = Plan(Overlap, Order.OLDEST_ROW_FIRST, filtered=False)
CREATION_ORDER_FILTERED = Plan(Overlap, Order.OLDEST_ROW_FIRST)
#: Newest row first, which no edit changes.
NEWEST_ROW = Plan(Passes, Order.NEWEST_ROW_FIRST)
#: In the default order of the list: in overlapping pages, or in passes.
OVERLAP = Plan(Overlap)
OVERLAP_UNFILTERED = Plan(Overlap, filtered=False)
PASSES = Plan(Passes)
PASSES_UNFILTERED = Plan(Passes, filtered=False)
