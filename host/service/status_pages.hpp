// The status answers that were made lately, as text: a run that has not changed is not described again for everybody
// who asks.
#pragma once
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "execution/board.hpp"

namespace tenantry::service {

// Thread-safe.
class StatusPages {
 public:
  using Page = std::shared_ptr<const std::string>;

  // What was kept for this view of a run; nullptr: nothing, or it is too old. Its durations and its estimate may be a
  // tenth of a second old; all else is as the view says.
  [[nodiscard]] Page find(const execution::RunView& run, base::Time now) const;
  Page keep(const execution::RunView& run, std::string answer, base::Time now);

 private:
  struct Entry {
    execution::RunView run;
    Page page;
    base::Time until{};
  };
  mutable std::mutex mutex_;  // guards what follows
  std::unordered_map<base::TenantId, Entry> entries_;
};

}  // namespace tenantry::service
