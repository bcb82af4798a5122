#include "service/status_pages.hpp"

#include "base/json_text.hpp"

#include "service/status.hpp"

namespace tenantry::service {
namespace {

constexpr base::Millis kFresh{100};
constexpr std::size_t kMost = 512;

}  // namespace

StatusPages::Page StatusPages::of(const execution::RunView& run, base::Time now) {
  const auto& tenant = run->spec->tenant;
  {
    const std::scoped_lock lock(mutex_);
    const auto found = entries_.find(tenant);
    if (found != entries_.end() && found->second.run == run && now < found->second.until) return found->second.page;
  }
  auto page = std::make_shared<const std::string>(base::to_text(status_answer(*run, std::nullopt, now)));
  const auto until = model::is_terminal(run->head.state) ? base::Time::max() : now + kFresh;
  const std::scoped_lock lock(mutex_);
  if (entries_.size() >= kMost) entries_.clear();
  entries_.insert_or_assign(tenant, Entry{run, page, until});
  return page;
}

}  // namespace tenantry::service
