// An engine that asks its server whether it is there.
#include <tenantry/engine.hpp>
#include <tenantry/http.hpp>

using namespace tenantry;

std::string parts_address(const std::string& url);

struct Request {
  std::string name;
};
struct Server {
  std::string id, url;
};
struct Answered {
  int status = 0;
};
BOOST_DESCRIBE_STRUCT(Request, (), (name))
BOOST_DESCRIBE_STRUCT(Server, (), (id, url))
BOOST_DESCRIBE_STRUCT(Answered, (), (status))

class Asks {
 public:
  static constexpr Identity identity{"asks", "1.0.0", "Asks"};
  using Request = ::Request;
  static void define(Graph<Asks>& g) { g.step("ask", &Asks::ask, g.server()).repeatable(); }

 private:
  Result<Answered> ask(Context& c, const Server& server) {
    http::Request request;
    request.url = parts_address(server.url);
    const auto outcome = client_.send(c, request);
    if (const auto* failure = std::get_if<http::Failure>(&outcome))
      return retry("asks.engine_unavailable", failure->message);
    return done(Answered{std::get<http::Response>(outcome).status});
  }

  http::Client client_;
};

TENANTRY_ENGINE(Asks)
