#include "retention/prune.hpp"

namespace tenantry::retention {
namespace {

using store::Prune;
using store::Pruned;
using store::PrunePlace;

constexpr std::size_t kHelping = 500;  // rows; a few milliseconds of a writer's time

using Helping = base::Result<Pruned> (store::Retention::*)(base::Time, PrunePlace&, std::size_t, Prune);

// false: no more of anything.
base::Result<bool> all_of(store::Retention& store, Helping helping, const std::optional<base::Time>& before, Prune how,
                          const std::function<bool()>& rest, std::int64_t& count) {
  if (!before) return true;
  PrunePlace place;
  for (;;) {
    const auto pruned = (store.*helping)(*before, place, kHelping, how);
    if (pruned.has_error()) return pruned.error();
    count += pruned->count;
    if (!pruned->more) return true;
    if (!rest()) return false;
  }
}

}  // namespace

// Events first: of what is left of old runs there is then little.
base::Result<Counts> prune(store::Retention& store, const Before& before, Prune how,
                           const std::function<bool()>& rest) {
  Counts counts;
  const auto part = [&](Helping helping, const std::optional<base::Time>& limit, std::int64_t& count) {
    return all_of(store, helping, limit, how, rest, count);
  };
  auto on = part(&store::Retention::prune_events, before.events, counts.events);
  if (on.has_value() && *on) on = part(&store::Retention::prune_runs, before.runs, counts.runs);
  if (on.has_value() && *on) on = part(&store::Retention::prune_batches, before.runs, counts.batches);
  if (on.has_value() && *on) on = part(&store::Retention::prune_deliveries, before.deliveries, counts.deliveries);
  if (on.has_error()) return on.error();
  if (counts.runs > 0 && how == Prune::kDelete)
    if (const auto unused = store.prune_manifests(); unused.has_error()) return unused.error();
  return counts;
}

}  // namespace tenantry::retention
