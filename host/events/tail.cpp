#include "events/tail.hpp"

#include <algorithm>
#include <utility>

namespace tenantry::events {

void Tail::add(PublishedPtr event) {
  newest_ = event->id;
  bytes_ += event->sse.size();
  events_.push_back(std::move(event));
  while (events_.size() > most_events_ || (bytes_ > most_bytes_ && events_.size() > 1)) {
    floor_ = events_.front()->id;
    bytes_ -= events_.front()->sse.size();
    events_.pop_front();
  }
}

Tail::Events::const_iterator Tail::first_beyond(std::int64_t after) const {
  return std::upper_bound(events_.begin(), events_.end(), after,
                          [](std::int64_t id, const PublishedPtr& event) { return id < event->id; });
}

}  // namespace tenantry::events
