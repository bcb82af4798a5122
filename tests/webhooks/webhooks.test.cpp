// Signatures, addresses, and deliveries to a real receiver on loopback.
#include <arpa/inet.h>
#include <netinet/in.h>

#include <atomic>
#include <cstdlib>
#include <ctime>
#include <map>
#include <mutex>

#include "events/world.hpp"
#include "http/server.hpp"
#include "webhooks/courier.hpp"

using namespace tenantry;
using namespace tenantry::webhooks;
using events::test::eventually;
namespace json = base::json;

namespace {

constexpr auto kSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

struct Message {
  std::string id;
  std::string body;
  bool authentic = false;
};

// Answers what the test says, and keeps what it was told.
class Receiver {
 public:
  Receiver() : server_({}, routes()) {
    base::log::configure(base::log::Level::kOff);
    REQUIRE(server_.start().has_value());
  }
  ~Receiver() { server_.stop(); }
  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(server_.port()) + "/hook"; }
  void answer(int status) { status_ = status; }
  std::vector<Message> messages() {
    const std::lock_guard lock(mutex_);
    return messages_;
  }
  std::vector<std::string> types() {
    std::vector<std::string> types;
    for (const auto& message : messages())
      types.push_back(json::value_to<std::string>(json::parse(message.body).at("type")));
    return types;
  }

 private:
  http::Router routes() {
    http::Router router;
    router.add(http::Method::kPost, "/hook", [this](const http::Request& request, const http::Reply& reply) {
      const auto key = SigningKey::parse(kSecret).value();
      Message message;
      message.id = std::string(request.header("webhook-id").value_or(""));
      message.body = request.body;
      const std::string seconds(request.header("webhook-timestamp").value_or("0"));
      message.authentic =
          request.header("webhook-signature") == key.sign(message.id, std::stoll(seconds), request.body) &&
          std::abs(std::stoll(seconds) - std::time(nullptr)) < 300;
      {
        const std::lock_guard lock(mutex_);
        messages_.push_back(std::move(message));
      }
      reply.send(http::Response{status_, "text/plain", "", {}, false});
    });
    return router;
  }
  std::atomic<int> status_{200};
  std::mutex mutex_;
  std::vector<Message> messages_;
  http::Server server_;
};

Webhook webhook(const std::string& url, std::vector<std::string> types = {}, bool allow_local = true) {
  return {"ops", url, SigningKey::parse(kSecret).value(), std::move(types), allow_local};
}

CourierOptions quick() {
  CourierOptions options;
  options.look = base::Millis{5};
  options.waits = {base::Millis{10}, base::Millis{10}, base::Millis{10}};
  return options;
}

struct World : events::test::World {
  World() : events::test::World(1) {}
  std::unique_ptr<Courier> courier(Webhook one, CourierOptions options = quick(), const std::string& host = "host-a") {
    auto made = std::make_unique<Courier>(*store, feed, clock, store::HostLife{host, "boot"},
                                          std::vector<Webhook>{std::move(one)}, std::move(options));
    made->start();
    return made;
  }
  json::array deliveries(const Courier& courier) {
    return courier.deliveries("ops", {}, 0, 200).value().at("deliveries").as_array();
  }
  // From which event on it is told: it has seen that there is a webhook.
  [[nodiscard]] bool begun() {
    return eventually([&] {
      const auto now = clock.now();
      const auto claimed = store->webhooks().claim_webhook("ops", {"nobody", "x"}, now, now, newest());
      return claimed.has_value() && !*claimed;
    });
  }
};

sockaddr_storage address(const char* text) {
  sockaddr_storage storage{};
  auto* v4 = reinterpret_cast<sockaddr_in*>(&storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&storage);
  if (::inet_pton(AF_INET, text, &v4->sin_addr) == 1)
    storage.ss_family = AF_INET;
  else if (::inet_pton(AF_INET6, text, &v6->sin6_addr) == 1)
    storage.ss_family = AF_INET6;
  return storage;
}

}  // namespace

TEST_CASE("a signature is that of the standard's own example") {
  const auto key = SigningKey::parse(kSecret);
  REQUIRE(key.has_value());
  CHECK(key->sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, R"({"test": 2432232314})") ==
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

TEST_CASE("what is no secret is refused without being repeated") {
  for (const std::string text : {"", "whsec_", "whsec_c2hvcnQ=", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_!!!!"}) {
    const auto key = SigningKey::parse(text);
    CAPTURE(text);
    REQUIRE(key.has_error());
    CHECK(key.error().code == "webhook.secret");
    CHECK((text.size() < 10 || key.error().message.find(text.substr(6, 10)) == std::string::npos));
  }
}

TEST_CASE("addresses of this machine and of the link are local, those of others are not") {
  for (const auto* text : {"127.0.0.1", "127.8.8.8", "0.0.0.0", "169.254.169.254", "224.0.0.1", "255.255.255.255",
                           "::1", "::", "fe80::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254"}) {
    CAPTURE(text);
    const auto storage = address(text);
    CHECK(is_local(reinterpret_cast<const sockaddr&>(storage)));
  }
  for (const auto* text : {"8.8.8.8", "10.0.0.1", "192.168.1.1", "2001:db8::1", "::ffff:8.8.8.8", "fd00::1"}) {
    CAPTURE(text);
    const auto storage = address(text);
    CHECK_FALSE(is_local(reinterpret_cast<const sockaddr&>(storage)));
  }
  CHECK(is_local(sockaddr{}));
}

TEST_CASE("a webhook wants the types it names, or all but lines of logs") {
  const auto all = webhook("");
  CHECK(wants(all, "run.completed"));
  CHECK_FALSE(wants(all, "step.log"));
  const auto some = webhook("", {"run.*", "step.failed"});
  CHECK(wants(some, "run.failed"));
  CHECK(wants(some, "step.failed"));
  CHECK_FALSE(wants(some, "step.failed.x"));
  CHECK_FALSE(wants(some, "runner.x"));
  CHECK(wants(webhook("", {"*"}), "step.log"));
}

TEST_CASE("events from now on are told, signed, each once and in order") {
  World world;
  world.append();
  Receiver receiver;
  const auto courier = world.courier(webhook(receiver.url()));
  REQUIRE(world.begun());
  for (int i = 0; i < 10; ++i) world.append();
  CHECK(eventually([&] { return receiver.messages().size() >= 10; }));
  const auto messages = receiver.messages();
  REQUIRE(messages.size() == 10);
  for (std::size_t i = 0; i < messages.size(); ++i) {
    CHECK(messages[i].authentic);
    CHECK(messages[i].id == "msg_ops_" + std::to_string(i + 3));
    const auto body = json::parse(messages[i].body);
    CHECK(body.at("type") == "test.happened");
    CHECK(body.at("data").at("id") == i + 3);
  }
  CHECK(eventually([&] { return world.deliveries(*courier).at(0).at("state") == "delivered"; }));
}

TEST_CASE("what a receiver does not take is tried again under the same id, and every try is on record") {
  World world;
  Receiver receiver;
  receiver.answer(500);
  const auto courier = world.courier(webhook(receiver.url()));
  REQUIRE(world.begun());
  world.append();
  const auto reaches = [&](std::string_view state) {
    return eventually([&] {
      const auto list = world.deliveries(*courier);
      return !list.empty() && list.at(0).at("state").as_string() == state;
    });
  };
  SECTION("until it takes it") {
    CHECK(eventually([&] { return receiver.messages().size() >= 2; }));
    receiver.answer(204);
    CHECK(reaches("delivered"));
  }
  SECTION("or the tries are used up; and then once more when somebody asks for it") {
    CHECK(reaches("given_up"));
    CHECK(receiver.messages().size() == 4);
    receiver.answer(200);
    const auto id = world.deliveries(*courier).at(0).at("id").to_number<std::int64_t>();
    REQUIRE(courier->send_again("ops", id).has_value());
    CHECK(eventually([&] { return world.deliveries(*courier).at(0).at("state") == "delivered"; }));
    CHECK(courier->send_again("ops", 4711).error().code == "delivery.unknown");
    CHECK(courier->send_again("none", id).error().code == "webhook.unknown");
  }
  const auto messages = receiver.messages();
  for (const auto& message : messages) CHECK(message.id == messages.front().id);
  const auto delivery = world.deliveries(*courier).at(0);
  const auto& tries = delivery.at("attempts").as_array();
  CHECK(tries.size() == messages.size());
  CHECK(tries.at(0).at("status") == 500);
  CHECK_FALSE(tries.at(0).at("error").is_null());
  CHECK(tries.back().at("error").is_null());
}

TEST_CASE("a receiver that is gone gets no more of it") {
  World world;
  Receiver receiver;
  receiver.answer(410);
  const auto courier = world.courier(webhook(receiver.url()));
  REQUIRE(world.begun());
  world.append();
  CHECK(eventually([&] {
    const auto list = world.deliveries(*courier);
    return !list.empty() && list.at(0).at("state") == "given_up";
  }));
  CHECK(receiver.messages().size() == 1);
}

TEST_CASE("nothing is sent to this machine unless that is allowed") {
  World world;
  Receiver receiver;
  const auto courier = world.courier(webhook(receiver.url(), {}, false));
  REQUIRE(world.begun());
  world.append();
  CHECK(eventually([&] {
    const auto list = world.deliveries(*courier);
    return !list.empty() && list.at(0).at("state") == "given_up";
  }));
  CHECK(receiver.messages().empty());
  const auto error = json::value_to<std::string>(world.deliveries(*courier).at(0).at("attempts").at(0).at("error"));
  CHECK(error.find("allow_local") != std::string::npos);
}

TEST_CASE("a host that is started again tells what happened meanwhile, and nothing that was taken before") {
  World world;
  Receiver receiver;
  auto courier = world.courier(webhook(receiver.url()));
  REQUIRE(world.begun());
  world.append();
  CHECK(eventually([&] {
    return world.deliveries(*courier).size() == 1 && world.deliveries(*courier).at(0).at("state") == "delivered";
  }));
  courier.reset();
  for (int i = 0; i < 5; ++i) world.append();
  courier = world.courier(webhook(receiver.url()));
  CHECK(eventually([&] { return receiver.messages().size() >= 6; }));
  std::map<std::string, int> told;
  for (const auto& message : receiver.messages()) ++told[message.id];
  CHECK(told.size() == 6);
  for (const auto& [id, count] : told) CHECK(count == 1);
}

TEST_CASE("of two hosts one tells a webhook, and the other when the first is gone") {
  World world;
  Receiver receiver;
  auto options = quick();
  options.lease = base::Millis{400};
  auto first = world.courier(webhook(receiver.url()), options);
  REQUIRE(world.begun());
  const auto second = world.courier(webhook(receiver.url()), options, "host-b");
  for (int i = 0; i < 5; ++i) world.append();
  CHECK(eventually([&] { return receiver.messages().size() >= 5; }));
  first.reset();
  world.append();
  CHECK(eventually([&] { return receiver.messages().size() >= 6; }));
  CHECK(receiver.messages().size() == 6);
}
