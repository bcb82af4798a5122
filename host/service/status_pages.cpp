#include "service/status_pages.hpp"

#include <utility>

namespace tenantry::service {
namespace {

constexpr base::Millis kFresh{100};
constexpr std::size_t kMost = 512;

}  // namespace

StatusPages::Page StatusPages::find(const execution::RunView& run, base::Time now) const {
  const std::scoped_lock lock(mutex_);
  const auto found = entries_.find(run->spec->tenant);
  if (found == entries_.end() || found->second.run != run || found->second.until <= now) return nullptr;
  return found->second.page;
}

StatusPages::Page StatusPages::keep(const execution::RunView& run, std::string answer, base::Time now) {
  auto page = std::make_shared<const std::string>(std::move(answer));
  const auto until = model::is_terminal(run->head.state) ? base::Time::max() : now + kFresh;
  const std::scoped_lock lock(mutex_);
  if (entries_.size() >= kMost) entries_.clear();
  entries_.insert_or_assign(run->spec->tenant, Entry{run, page, until});
  return page;
}

}  // namespace tenantry::service
