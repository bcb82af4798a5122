// The newest events in memory, each rendered once for all who read it. Not thread-safe.
#pragma once
#include <cstdint>
#include <deque>
#include <memory>
#include <string>

#include "store/store.hpp"

namespace tenantry::events {

// An event on its way to its readers.
struct Published {
  std::int64_t id = 0;
  base::RunId run;
  base::TenantId tenant;
  std::string sse;
};
using PublishedPtr = std::shared_ptr<const Published>;

class Tail {
 public:
  Tail(std::size_t most_events, std::size_t most_bytes) : most_events_(most_events), most_bytes_(most_bytes) {}

  // From here on nothing is missing beyond `settled`.
  void begin(std::int64_t settled) { floor_ = newest_ = settled; }
  void clear() {
    events_.clear();
    bytes_ = 0;
  }
  void add(PublishedPtr event);

  [[nodiscard]] std::int64_t newest() const { return newest_; }
  // Everything beyond `after` is here.
  [[nodiscard]] bool covers(std::int64_t after) const { return after >= floor_; }
  // each(const Published&) -> bool (false: enough) for every event beyond `after`, in order.
  template <class Each>
  void beyond(std::int64_t after, Each each) const {
    for (auto at = first_beyond(after); at != events_.end(); ++at)
      if (!each(**at)) return;
  }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  using Events = std::deque<PublishedPtr>;
  [[nodiscard]] Events::const_iterator first_beyond(std::int64_t after) const;

  const std::size_t most_events_;
  const std::size_t most_bytes_;
  Events events_;
  std::size_t bytes_ = 0;
  std::int64_t floor_ = 0;
  std::int64_t newest_ = 0;
};

}  // namespace tenantry::events
