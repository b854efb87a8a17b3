"""How a resource is read: streams, strategies, state, typed values. Knows no platform."""

from source_invoicing.streams.account import Account, DeletionPolicy
from source_invoicing.streams.changed_children import ChangedChildren
from source_invoicing.streams.child import ChildStream, ParentStream
from source_invoicing.streams.derived import DerivedStream
from source_invoicing.streams.detail import DetailStream
from source_invoicing.streams.detail_calls import DetailCalls
from source_invoicing.streams.detail_reading import DetailReading
from source_invoicing.streams.detail_resource import Document
from source_invoicing.streams.events import Event, EventFeed
from source_invoicing.streams.page import Order, Page, PageRequest, Row
from source_invoicing.streams.partition import Chain, Partition
from source_invoicing.streams.reading import ListReading, Reading
from source_invoicing.streams.readings import readings_of
from source_invoicing.streams.resource import Resource
from source_invoicing.streams.stream import InvoicingStream, combine
from source_invoicing.streams.timestamps import OffsetDateTime, UnixSeconds, Window, ZonelessText, compact_offset
