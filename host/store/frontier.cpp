#include "store/frontier.hpp"

#include <limits>

#include "base/log.hpp"

namespace tenantry::store {
namespace {

// Writers are much faster than this. A transaction of somebody else that writes for hours must not hold the readers up.
constexpr base::Millis kLongestWrite{60'000};

}  // namespace

std::optional<std::int64_t> Frontier::resolve(const OpenWriters& writers, base::Time now) {
  if (writers.oldest == 0) return std::numeric_limits<std::int64_t>::max();
  if (!doubt_) return std::nullopt;
  const bool too_long = now - doubt_->since > kLongestWrite;
  if (writers.oldest < doubt_->next && !too_long) return std::nullopt;
  if (writers.oldest < doubt_->next)
    base::log::warn("events not waited for any longer", {{"upto", doubt_->upto}, {"seconds", 60}});
  return doubt_->upto;
}

bool Frontier::begin(std::int64_t newest, const OpenWriters& writers, base::Time now) {
  if (resolve(writers, now)) {
    settled_ = doubt_ ? doubt_->upto : newest;
    doubt_.reset();
    return true;
  }
  if (!doubt_) doubt_ = Doubt{newest, writers.next, now};
  return false;
}

std::size_t Frontier::advance(std::span<const std::int64_t> ids, const OpenWriters& writers, base::Time now) {
  const auto clear = resolve(writers, now);
  if (clear) doubt_.reset();
  std::size_t count = 0;
  for (const auto id : ids) {
    if (id != settled_ + 1 && (!clear || id > *clear)) break;
    settled_ = id;
    ++count;
  }
  if (count == ids.size())
    doubt_.reset();
  else if (!doubt_)
    doubt_ = Doubt{ids.back(), writers.next, now};
  return count;
}

}  // namespace tenantry::store
