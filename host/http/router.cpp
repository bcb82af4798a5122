#include "http/router.hpp"

#include <array>
#include <stdexcept>
#include <utility>

namespace tenantry::http {
namespace {

std::vector<std::string_view> segments(std::string_view path) {
  std::vector<std::string_view> parts;
  for (std::size_t at = 1; at <= path.size();) {
    const auto end = std::min(path.find('/', at), path.size());
    parts.push_back(path.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

bool is_param(std::string_view part) { return part.size() > 2 && part.front() == '{' && part.back() == '}'; }
bool is_tail(std::string_view part) { return is_param(part) && part.size() > 5 && part.ends_with("...}"); }

}  // namespace

// What is known after some segments: where the next one leads, and the routes that end here.
struct Router::Place {
  std::map<std::string, std::unique_ptr<Place>, std::less<>> text;
  std::unique_ptr<Place> param;
  std::unique_ptr<Place> tail;
  std::array<const Route*, 7> routes{};

  [[nodiscard]] bool ends_here() const {
    for (const auto* route : routes)
      if (route != nullptr) return true;
    return false;
  }

  const Place* find(const std::vector<std::string_view>& parts, std::size_t at, std::string_view path,
                    std::vector<std::string_view>& values) const {
    if (at == parts.size()) return ends_here() ? this : nullptr;
    if (const auto next = text.find(parts[at]); next != text.end())
      if (const auto* place = next->second->find(parts, at + 1, path, values)) return place;
    if (param && !parts[at].empty()) {
      values.push_back(parts[at]);
      if (const auto* place = param->find(parts, at + 1, path, values)) return place;
      values.pop_back();
    }
    if (!tail) return nullptr;
    values.push_back(path.substr(static_cast<std::size_t>(parts[at].data() - path.data())));
    return tail.get();
  }
};

Router::Router() : root_(std::make_unique<Place>()) {}
Router::Router(Router&&) noexcept = default;
Router& Router::operator=(Router&&) noexcept = default;
Router::~Router() = default;

void Router::add(Method method, std::string pattern, Handler handler, RouteOptions options) {
  const auto refuse = [&](const char* why) { throw std::logic_error("route " + pattern + ": " + why); };
  if (pattern.empty() || pattern.front() != '/') refuse("has to start with '/'");
  if (method == Method::kHead || method == Method::kOptions || method == Method::kOther)
    refuse("HEAD and OPTIONS are answered by the router itself");
  auto* place = root_.get();
  const auto parts = segments(pattern);
  for (std::size_t at = 0; at < parts.size(); ++at) {
    const auto part = parts[at];
    if (!is_param(part) && part.find_first_of("{}") != std::string_view::npos) refuse("has a malformed parameter");
    if (is_tail(part) && at + 1 != parts.size()) refuse("goes on after {name...}");
    auto& next = is_tail(part) ? place->tail : is_param(part) ? place->param : place->text[std::string(part)];
    if (!next) next = std::make_unique<Place>();
    place = next.get();
  }
  auto& slot = place->routes[static_cast<std::size_t>(method)];
  if (slot != nullptr) refuse("is there already");
  routes_.push_back(std::make_unique<Route>(Route{method, std::move(pattern), std::move(handler), options}));
  slot = routes_.back().get();
}

Router::Match Router::match(Method method, std::string_view path) const {
  Match found;
  const auto* place = root_->find(segments(path), 0, path, found.values);
  if (place == nullptr) return found;
  const auto wanted = method == Method::kHead ? Method::kGet : method;
  if (wanted != Method::kOther) found.route = place->routes[static_cast<std::size_t>(wanted)];
  if (found.route != nullptr) return found;
  for (const auto* route : place->routes) {
    if (route == nullptr) continue;
    if (!found.allow.empty()) found.allow += ", ";
    found.allow += to_text(route->method);
    if (route->method == Method::kGet) found.allow += ", HEAD";
  }
  found.allow += ", OPTIONS";
  return found;
}

base::Result<Fields> Router::params(const Match& match) {
  Fields fields;
  std::size_t next = 0;
  for (const auto part : segments(match.route->pattern)) {
    if (!is_param(part)) continue;
    auto value = percent_decode(match.values[next++]);
    if (!value) return value.error();
    fields.emplace_back(part.substr(1, part.size() - (is_tail(part) ? 5 : 2)), std::move(*value));
  }
  return fields;
}

std::vector<const Route*> Router::routes() const {
  std::vector<const Route*> all;
  all.reserve(routes_.size());
  for (const auto& route : routes_) all.push_back(route.get());
  return all;
}

}  // namespace tenantry::http
