// What the parts of the contract have in common: the macro that names a check, the hosts that appear in it, and short
// ways to read a store. The backend is defined by whoever includes store/store_contract.hpp.
#pragma once
#include <string>
#include <vector>

#include "store/sample.hpp"
#include "support/catch.hpp"

#define STORE_CHECK(sentence) TEST_CASE(STORE_BACKEND_NAME ": " sentence, "[contract]")

namespace {

using namespace tenantry;
using namespace tenantry::testing;
using store::HostLife;
using store::RunWrite;
using store::Written;

constexpr base::Time at(std::int64_t millis) { return base::Time{base::Millis{millis}}; }

const HostLife kHere{"host-a", "boot-1"};
const HostLife kHereLater{"host-a", "boot-2"};
const HostLife kThere{"host-b", "boot-1"};

// The value of a Result that has to have one.
template <class T>
T got(base::Result<T>&& result) {
  if (!result.has_value()) FAIL(result.error().code << ": " << result.error().message);
  return std::move(result).value();
}
inline void done(const base::Result<void>& result) {
  if (!result.has_value()) FAIL(result.error().code << ": " << result.error().message);
}

std::vector<std::string> ids_of(const std::vector<store::OwnedRun>& runs) {
  std::vector<std::string> ids;
  for (const auto& owned : runs) ids.push_back(owned.run.spec->id.value);
  return ids;
}

std::vector<std::string> names_of(const std::vector<model::TenantSummary>& tenants) {
  std::vector<std::string> names;
  for (const auto& summary : tenants) names.push_back(summary.tenant.name);
  return names;
}

using Names = std::vector<std::string>;

// Everything a run has left in the store, to see that nothing has changed.
std::string everything(store::Store& store, const base::RunId& id) {
  std::string text = show(*got(store.run(id)));
  for (const auto& attempt : got(store.attempts(id))) text += show(attempt) + "\n";
  for (const auto& event : got(store.run_events(id, 0, 1'000))) text += show(event.event) + "\n";
  return text;
}

}  // namespace
