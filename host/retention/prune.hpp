// Deletes what is older than it has to be kept, in small helpings with rests in between.
#pragma once
#include <functional>
#include <optional>

#include "store/retention.hpp"

namespace tenantry::retention {

// What is older than these is deleted; nullopt: is kept.
struct Before {
  std::optional<base::Time> events;
  std::optional<base::Time> runs;  // and batches
  std::optional<base::Time> deliveries;
};

struct Counts {
  std::int64_t events = 0;  // beside those of deleted runs
  std::int64_t runs = 0;
  std::int64_t batches = 0;
  std::int64_t deliveries = 0;
  [[nodiscard]] bool any() const { return events + runs + batches + deliveries > 0; }
};

// `rest` is called between two helpings; false: it is enough for now. With an error, what was counted is lost, what was
// deleted is deleted; it may be begun anew at any time.
[[nodiscard]] base::Result<Counts> prune(store::Retention& store, const Before& before, store::Prune how,
                                         const std::function<bool()>& rest);

}  // namespace tenantry::retention
