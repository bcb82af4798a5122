// A complete engine: it "provisions" a tenant by writing a greeting into a directory.
#include <filesystem>
#include <fstream>
#include <sstream>
#include <tenantry/engine.hpp>

namespace fs = std::filesystem;
using namespace tenantry;

struct Request {
  std::string name, greeting = "Hello";
  static void constrain(Schema<Request>& s) { s.member(&Request::name).pattern("^[a-z][a-z0-9-]*$").max_length(31); }
};
struct Settings {
  std::string directory;
};
struct Room {
  std::string path;
};
struct Greeting {
  std::string file, text;
};
BOOST_DESCRIBE_STRUCT(Request, (), (name, greeting))
BOOST_DESCRIBE_STRUCT(Settings, (), (directory))
BOOST_DESCRIBE_STRUCT(Room, (), (path))
BOOST_DESCRIBE_STRUCT(Greeting, (), (file, text))

class Hello {
 public:
  static constexpr Identity identity{"hello", "1.0.0", "Hello, world"};
  using Request = ::Request;
  using Settings = ::Settings;
  explicit Hello(Settings settings) : directory_(std::move(settings.directory)) {}

  static void define(Graph<Hello>& g) {
    const auto request = g.request();
    const auto room = g.step("make_room", &Hello::make_room, request).repeatable().undo(&Hello::remove_room);
    const auto greeting = g.step("write_greeting", &Hello::write_greeting, request, room)
                              .title("Write the greeting")
                              .attempts(3, 100ms)
                              .timeout(10s)
                              .repeatable()
                              .undo(&Hello::remove_greeting)
                              .verify(&Hello::check_greeting);
    g.step("announce", &Hello::announce, greeting).repeatable().critical(false);
  }

 private:
  Result<Room> make_room(Context&, const Request& r) {
    const Room room{directory_ + "/" + r.name};
    return fs::create_directories(room.path) ? done(room) : already_done(room);
  }
  Result<Nothing> remove_room(Context&, const Request&, const std::optional<Room>& room) {
    if (room && fs::exists(room->path) && fs::is_empty(room->path)) fs::remove(room->path);
    return done();
  }

  Result<Greeting> write_greeting(Context& c, const Request& r, const Room& room) {
    const Greeting greeting{room.path + "/greeting.txt", r.greeting + ", " + r.name + "!"};
    if (read(greeting.file) == greeting.text) return already_done(greeting);  // an earlier attempt got this far
    if (!(std::ofstream(greeting.file) << greeting.text << std::flush))
      return retry("hello.disk", "no " + greeting.file);
    c.info("written", {{"file", greeting.file}});
    return done(greeting);
  }
  Result<Nothing> remove_greeting(Context&, const Request&, const Room&, const std::optional<Greeting>& greeting) {
    if (greeting) fs::remove(greeting->file);
    return done();
  }
  Verdict check_greeting(Context&, const Request&, const Room&, const Greeting& greeting) {
    const std::string found = read(greeting.file);
    return found == greeting.text ? in_sync() : drifted(greeting.file, greeting.text, found);
  }

  Result<Nothing> announce(Context& c, const Greeting& greeting) {
    c.emit("hello.greeted", {{"text", greeting.text}});
    return done();
  }

  static std::string read(const std::string& file) {
    std::ostringstream text;
    text << std::ifstream(file).rdbuf();
    return text.str();
  }
  std::string directory_;
};

TENANTRY_ENGINE(Hello)
