// What this room says all the time, by the short names.
#pragma once
#include "sql/connections.hpp"
#include "sql/dialect.hpp"
#include "sql/session.hpp"
#include "store/batches.hpp"
#include "store/deliveries.hpp"
#include "store/retention.hpp"
#include "store/store.hpp"

namespace tenantry::tables {

using base::Result;
using base::Time;
using sql::Bytes;
using sql::BytesView;
using sql::Dialect;
using sql::Reads;
using sql::Session;
using sql::Unreadable;
using sql::with;
using store::Batch;
using store::BatchItem;
using store::Delivery;
using store::DeliveryAttempt;
using store::EventLook;
using store::EventPage;
using store::EventRange;
using store::EventTopic;
using store::Handed;
using store::HandedCommand;
using store::HostLife;
using store::OpenWriters;
using store::OwnedRun;
using store::Prune;
using store::Pruned;
using store::PrunePlace;
using store::RunWrite;
using store::StoredAnswer;
using store::StoredEvent;
using store::Told;
using store::Written;

}  // namespace tenantry::tables
