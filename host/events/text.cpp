#include "events/text.hpp"

#include "base/json.hpp"

namespace tenantry::events {
namespace {

std::string as_json(std::string_view text) { return base::json::serialize(base::json::string_view(text)); }

}  // namespace

// `data` and `view` are stored as they are sent: serialized JSON objects.
std::string to_json(const store::StoredEvent& stored) {
  const auto& event = stored.event;
  std::string text;
  text.reserve(256 + event.data.size() + event.view.size());
  text.append("{\"id\":").append(std::to_string(stored.id));
  text.append(",\"run_id\":").append(as_json(stored.run.value));
  text.append(",\"tenant_id\":").append(as_json(stored.tenant.value));
  text.append(",\"number\":").append(std::to_string(event.number));
  text.append(",\"type\":").append(as_json(event.type));
  text.append(",\"step\":").append(event.step.empty() ? std::string("null") : as_json(event.step));
  text.append(",\"at\":").append(as_json(base::format_time(event.at)));
  text.append(",\"data\":").append(event.data.empty() ? std::string_view("{}") : std::string_view(event.data));
  if (event.view.size() > 2) text.append(",").append(event.view, 1, event.view.size() - 2);
  return text.append("}");
}

std::string to_sse(const store::StoredEvent& stored) {
  std::string text = "id: " + std::to_string(stored.id) + "\nevent: " + stored.event.type + "\ndata: ";
  return text.append(to_json(stored)).append("\n\n");
}

}  // namespace tenantry::events
