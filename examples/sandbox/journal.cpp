#include "sandbox/journal.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace tenantry::sandbox {

Journal::Journal(const std::string& file) {
  if (!file.empty()) file_.open(file, std::ios::app);
}

void Journal::append(Effect effect) {
  using std::chrono::milliseconds;
  using std::chrono::system_clock;
  const auto now = std::chrono::duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
  const std::lock_guard lock(mutex_);
  json::object entry{{"seq", effects_.size() + 1},
                     {"site", std::move(effect.site)},
                     {"method", std::move(effect.method)},
                     {"doctype", std::move(effect.doctype)},
                     {"name", std::move(effect.name)},
                     {"what", std::move(effect.what)},
                     {"at", now}};
  if (!effect.with.empty()) entry["with"] = std::move(effect.with);
  if (file_.is_open()) file_ << json::serialize(entry) << std::endl;
  effects_.push_back(std::move(entry));
}

json::array Journal::effects(std::uint64_t after, std::size_t limit, const std::string& site) const {
  const std::lock_guard lock(mutex_);
  json::array result;
  for (auto i = static_cast<std::size_t>(after); i < effects_.size() && result.size() < limit; ++i)
    if (site.empty() || effects_[i].at("site").as_string() == site) result.push_back(effects_[i]);
  return result;
}

void Journal::clear() {
  const std::lock_guard lock(mutex_);
  effects_.clear();
  server_ = {0, server_.in_flight, server_.in_flight};
  for (auto& [site, load] : sites_) load = {0, load.in_flight, load.in_flight};
}

void Journal::enter(Load& load) {
  ++load.requests;
  ++load.in_flight;
  load.most = std::max(load.most, load.in_flight);
}

Journal::Presence::Presence(Journal& journal, std::string site) : journal_(journal), site_(std::move(site)) {
  const std::lock_guard lock(journal_.mutex_);
  enter(journal_.server_);
  enter(journal_.sites_[site_]);
}

Journal::Presence::~Presence() {
  const std::lock_guard lock(journal_.mutex_);
  --journal_.server_.in_flight;
  --journal_.sites_[site_].in_flight;
}

json::object Journal::to_json(const Load& load) {
  return {{"requests", load.requests}, {"in_flight", load.in_flight}, {"max_concurrent", load.most}};
}

json::object Journal::load() const {
  const std::lock_guard lock(mutex_);
  json::object result = to_json(server_);
  json::object sites;
  for (const auto& [site, load] : sites_) sites[site] = to_json(load);
  result["sites"] = std::move(sites);
  return result;
}

}  // namespace tenantry::sandbox
