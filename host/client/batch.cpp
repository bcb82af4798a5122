#include "client/batch.hpp"

#include <ostream>
#include <thread>

#include "base/json_text.hpp"
#include "client/exit_code.hpp"

namespace tenantry::client {
namespace {

namespace json = base::json;

constexpr std::string_view kLabel = "label.";

int refuse(const Session& session, const base::Error& error) {
  print_error(session.err, error);
  return exit_code(error);
}

const json::value* member(const json::value& object, std::string_view name) {
  const auto* members = object.if_object();
  return members != nullptr ? members->if_contains(name) : nullptr;
}

int code_of(std::int64_t good, std::int64_t bad) {
  if (bad == 0) return kExitOk;
  return good == 0 ? kExitRefused : kExitPartial;
}

std::int64_t number(const json::value& answer, std::string_view name) {
  const auto* found = member(answer, name);
  return found != nullptr && found->is_int64() ? found->get_int64() : 0;
}

std::string error_text(const json::value& item) {
  const auto* error = member(item, "error");
  if (error == nullptr || !error->is_object()) return {};
  return member_text(*error, "message") + " " + member_text(*error, "next_action");
}

int show_plan(const Session& session, const json::value& answer) {
  std::vector<std::vector<std::string>> rows;
  if (const auto* items = member(answer, "items"); items != nullptr && items->is_array())
    for (const auto& item : items->get_array())
      rows.push_back({member_text(item, "tenant_id"), member_text(item, "name"),
                      error_text(item).empty() ? "yes" : "no", error_text(item)});
  session.out << table({"TENANT", "NAME", "WOULD", "WHY NOT"}, rows);
  session.out << number(answer, "would") << " of " << number(answer, "total") << " tenants would be told to "
              << printable(member_text(answer, "verb")) << ".\n";
  return code_of(number(answer, "would"), number(answer, "refused"));
}

int show_refused(const Session& session, const std::string& address) {
  std::vector<std::vector<std::string>> rows;
  for (std::string after = "0"; !after.empty();) {
    const auto page = session.client.get(address + "?state=refused&limit=1000&after=" + after);
    if (page.has_error()) return refuse(session, page.error());
    if (const auto* items = member(*page, "items"); items != nullptr && items->is_array())
      for (const auto& item : items->get_array()) rows.push_back({member_text(item, "tenant_id"), error_text(item)});
    after = member_text(*page, "next");
  }
  session.out << table({"REFUSED", "WHY"}, rows);
  return kExitOk;
}

}  // namespace

base::Result<json::object> batch_filter(const std::vector<std::string>& parts) {
  json::object filter;
  json::object labels;
  json::array ids;
  for (const auto& part : parts) {
    const auto equals = part.find('=');
    const auto name = part.substr(0, equals);
    if (name == "all" && equals == std::string::npos) {
      filter["all"] = true;
      continue;
    }
    if (equals == std::string::npos || name.empty())
      return base::Error{base::ErrorKind::kInvalid,
                         "cli.filter",
                         "\"" + part + "\" is not part of a filter.",
                         "Write name=value with engine, server, status, state, text, id or label.NAME; or all.",
                         {},
                         {}};
    const auto value = part.substr(equals + 1);
    if (name == "id")
      ids.emplace_back(value);
    else if (name.rfind(kLabel, 0) == 0)
      labels[name.substr(kLabel.size())] = value;
    else
      filter[name] = value;
  }
  if (!ids.empty()) filter["ids"] = std::move(ids);
  if (!labels.empty()) filter["labels"] = std::move(labels);
  return filter;
}

int run_batch(const Session& session, const BatchCommand& command) {
  auto filter = batch_filter(command.filter);
  if (filter.has_error()) return refuse(session, filter.error());
  auto wanted = parameters(command.settings);
  if (wanted.has_error()) return refuse(session, wanted.error());
  json::object body{{"verb", command.verb}, {"filter", std::move(*filter)}};
  if (!command.reason.empty()) body["reason"] = command.reason;
  if (!wanted->empty()) body["parameters"] = std::move(*wanted);
  if (command.plan) body["validate_only"] = true;
  auto answer = session.client.post("/api/batches", body);
  if (answer.has_error()) return refuse(session, answer.error());
  const bool as_json = session.options.format == Format::kJson;
  const auto say = [&] { session.out << base::to_text(*answer) << "\n"; };
  if (command.plan) {
    if (!as_json) return show_plan(session, *answer);
    say();
    return code_of(number(*answer, "would"), number(*answer, "refused"));
  }
  const auto id = member_text(*answer, "id");
  const auto address = "/api/batches/" + encode_segment(id);
  if (!command.wait) {
    if (as_json)
      say();
    else
      session.out << "Batch " << printable(id) << ": " << number(*answer, "total") << " tenants are told to "
                  << printable(command.verb) << ".\n";
    return kExitOk;
  }
  while (member_text(*answer, "state") == "running") {
    std::this_thread::sleep_for(session.options.interval);
    auto next = session.client.get(address + "?limit=1");
    if (next.has_error()) return refuse(session, next.error());
    *answer = std::move(*next);
  }
  const auto refused = number(*answer, "refused");
  if (as_json)
    say();
  else
    session.out << "Batch " << printable(id) << ": " << number(*answer, "done") << " accepted, " << refused
                << " refused.\n";
  if (!as_json && refused > 0)
    if (const auto shown = show_refused(session, address); shown != kExitOk) return shown;
  return code_of(number(*answer, "done"), refused);
}

}  // namespace tenantry::client
