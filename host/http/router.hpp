// Which handler serves a method and a path. No regular expressions: one walk over the segments of the path.
#pragma once
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/reply.hpp"
#include "http/request.hpp"

namespace tenantry::http {

// Takes the request over. Whatever it throws becomes a 500 problem without the exception's text.
using Handler = std::function<void(Request, Reply)>;

enum class Where {
  kPool,      // on the bounded pool: may wait for the store
  kIoThread,  // at once, on a thread that many clients share: has to be short by construction, and may not wait
};

struct RouteOptions {
  Where where = Where::kPool;
  std::size_t max_body = 1U << 20U;  // bytes; more is a 413. Options::max_body is the upper bound for all
  // For a route of the pool: tried first, on the I/O thread; the same restrictions hold. False: it has sent nothing,
  // and the handler answers.
  std::function<bool(const Request&, const Reply&)> at_once = nullptr;
};

struct Route {
  Method method = Method::kGet;
  std::string pattern;
  Handler handler;
  RouteOptions options;
};

// Built before the server starts, then only read: matching is thread-safe.
class Router {
 public:
  Router();
  Router(Router&&) noexcept;
  Router& operator=(Router&&) noexcept;
  ~Router();

  // Pattern: segments of text, {name} for one segment, or {name...} as the last for all that remains. Text wins over
  // {name}, {name} over {name...}. Throws std::logic_error for a pattern that is malformed or there already.
  void add(Method method, std::string pattern, Handler handler, RouteOptions options = {});

  struct Match {
    const Route* route = nullptr;          // nullptr: see `allow`; lives as long as the router
    std::vector<std::string_view> values;  // of the parameters, still percent-encoded; views into the path
    std::string allow;  // for 405 and OPTIONS: the methods of this path; "" means there is no such path
  };
  // HEAD finds the GET route.
  [[nodiscard]] Match match(Method method, std::string_view path) const;

  // The parameters of a match by name, decoded. Code http.encoding.
  [[nodiscard]] static base::Result<Fields> params(const Match& match);

  [[nodiscard]] std::vector<const Route*> routes() const;  // in the order they were added

 private:
  struct Place;
  std::unique_ptr<Place> root_;
  std::vector<std::unique_ptr<Route>> routes_;
};

}  // namespace tenantry::http
