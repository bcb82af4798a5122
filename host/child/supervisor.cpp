#include "child/supervisor.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/wait.h>

#include <algorithm>
#include <utility>

#include "base/json.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "engine/limits.hpp"
#include "engine/plugin_file.hpp"

namespace tenantry::child {

using base::Result;

namespace {

constexpr base::Millis kNap{1'000};
constexpr int kOwnWay = 1'000;  // milliseconds

}  // namespace

struct Supervisor::Life {
  Life(Process started, int wake, Output::Line line)
      : process(std::move(started)),
        in(kMaxFromProcess),
        out(std::make_shared<Outbox>(process.channel(), wake)),
        output(std::move(line)) {}
  Life(const Life&) = delete;
  Life& operator=(const Life&) = delete;
  ~Life() { out->close(); }

  Process process;
  FrameBuffer in;
  std::shared_ptr<Outbox> out;
  Output output;
  bool prints = true;
  Clock::time_point since = Clock::now();
};

Supervisor::Supervisor(engine::SealedFile file, engine::SettingsOf settings, Options options)
    : file_(std::move(file)),
      settings_of_(std::move(settings)),
      options_(std::move(options)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      calls_(options_.threads, options_.overrun) {
  state_.isolation = engine::RuntimeState::Isolation::kProcess;
  state_.serving = false;
}

// What is caught here is nothing that an engine can bring about; it must not be the end of the host all the same.
void Supervisor::live() {
  std::string why = file_.name + ": it is closed.";
  try {
    live_on();
  } catch (const std::exception& error) {
    why = file_.name + ": it cannot be looked after any more: " + error.what() + ".";
    base::log::error("engine given up", {{"engine", name_for_log()}, {"reason", why}});
    set_process(nullptr, 0);
    if (!introduction_) introduced_.set_value(engine::refusal(file_.name, "it cannot be looked after"));
  }
  calls_.disconnect(why);
  calls_.pause(why, Clock::now() + options_.longest_pause);
}

void Supervisor::live_on() {
  auto life = start_life();
  if (life.has_error()) return introduced_.set_value(life.error());
  introduced_.set_value(*introduction_);
  for (;;) {
    serve(**life);
    if (is_closing()) return;
    if (Clock::now() - (*life)->since >= options_.good_life) ends_in_a_row_ = 0;
    life->reset();
    do {
      if (!rest(state().last_end)) return;
      life = start_life();
      const std::scoped_lock lock(mutex_);
      if (life.has_value()) {
        ++state_.restarts;
        base::log::info("engine started again", {{"engine", name_for_log()}, {"pid", (*life)->process.pid()}});
      } else {
        state_.last_end = life.error().message;
        base::log::warn("engine not started again", {{"engine", name_for_log()}, {"reason", state_.last_end}});
      }
    } while (life.has_error());
  }
}

Result<std::unique_ptr<Supervisor::Life>> Supervisor::start_life() {
  const auto until = Clock::now() + options_.start_limit;
  auto process = Process::start(options_.program, file_.name, file_.bytes.get());
  if (process.has_error()) return process.error();
  auto life = std::make_unique<Life>(std::move(*process), wake_.get(), [this](std::string_view line) {
    base::log::info("engine prints", {{"engine", name_for_log()}, {"line", calls_.masked(line)}});
  });
  const auto& limits = options_.limits;
  static_cast<void>(life->out->send(FrameWriter(Kind::kLoad)
                                        .text(file_.name)
                                        .text(limits.user)
                                        .number(options_.threads)
                                        .number(limits.memory_mb)
                                        .number(limits.open_files)
                                        .number(limits.processes)
                                        .take()));
  const auto hello = await(*life, until, "while it was loaded");
  if (hello.has_error()) return hello.error();
  if (const auto known = introduce(*life, *hello); known.has_error()) return known.error();
  static_cast<void>(life->out->send(FrameWriter(Kind::kOpen).text(settings_).take()));
  const auto opened = await(*life, until, "while it was opened");
  if (opened.has_error()) return opened.error();
  if (opened->kind != Kind::kOpened)
    return engine::refusal(file_.name, "its process sent something else than was expected while it was opened");
  return life;
}

// Everything the process says about the engine is read by the host itself. Later starts have to say the same: runs were
// begun on it.
Result<void> Supervisor::introduce(Life& life, const Frame& hello) {
  BodyReader body(hello.body);
  const auto built_with = body.text();
  const auto manifest = body.text();
  if (hello.kind != Kind::kHello || !body.is_whole())
    return engine::refusal(file_.name, "its process sent something else than was expected while it was loaded");
  if (introduction_) {
    if (manifest == manifest_) return {};
    return engine::refusal(file_.name, "expected the same manifest every time, found that it changes");
  }
  const auto accepted = engine::accept_manifest(file_.name, manifest);
  if (accepted.has_error()) {
    life.process.kill();
    return accepted.error();
  }
  auto contract = std::make_shared<const engine::Contract>(*accepted);
  const auto settings = contract->complete_settings(settings_of_((*accepted)->engine));
  if (settings.has_error()) return settings.error();
  manifest_ = manifest;
  settings_ = base::json::serialize(*settings);
  introduction_ = Introduction{base::shorten(base::to_utf8(built_with.substr(0, 1000)), 200), std::move(contract)};
  return {};
}

Result<Frame> Supervisor::await(Life& life, Clock::time_point until, std::string_view when) {
  for (bool ended = false;;) {
    if (const auto frame = life.in.next()) {
      if (frame->kind != Kind::kRefused) return *frame;
      BodyReader body(frame->body);
      auto why = base::shorten(base::to_utf8(body.text()), engine::kMaxErrorMessage);
      if (!body.is_whole() || !why.starts_with(file_.name + ": ") || !why.ends_with('.'))
        return engine::refusal(file_.name, "its process refused it without a reason");
      auto refused = engine::refusal(file_.name, "");
      refused.message = std::move(why);
      return refused;
    }
    std::string fault;
    if (life.in.is_broken()) fault = "it sent something that is no message " + std::string(when);
    if (Clock::now() >= until)
      fault = "it gave no answer for " + std::to_string(options_.start_limit.count()) + " ms " + std::string(when);
    if (is_closing()) fault = "it is not needed any more";
    if (ended || !fault.empty()) {
      auto refused = engine::refusal(file_.name, "");
      refused.message = bury(life, fault, when);
      return refused;
    }
    ended = wait_for_event(life, until) == Event::kEnded;
  }
}

void Supervisor::serve(Life& life) {
  const auto connection = calls_.connect(life.out);
  set_process(&life.process, connection);
  std::string fault;
  std::optional<Clock::time_point> until;
  for (bool ended = false; !ended && fault.empty() && !calls_.gave_up();) {
    if (!until && is_closing()) {
      until = Clock::now() + options_.close_limit;
      static_cast<void>(life.out->send(FrameWriter(Kind::kClose).take()));
    }
    const auto overdue = calls_.next_overdue();
    ended = wait_for_event(life, std::min(until.value_or(overdue), overdue)) == Event::kEnded;
    while (fault.empty()) {
      const auto frame = life.in.next();
      if (!frame) break;
      fault = calls_.take(*frame).value_or("");
    }
    if (life.in.is_broken()) fault = "sent something that is no message";
    if (Clock::now() >= overdue) calls_.give_up_overdue();
    if (!fault.empty()) fault.insert(0, "it ");
    if (fault.empty() && !ended && until && Clock::now() >= *until)
      fault = "it was not closed within " + std::to_string(options_.close_limit.count()) + " ms";
  }
  if (calls_.gave_up()) fault = "a call in it was given up";
  set_process(nullptr, 0);
  calls_.detach();
  const auto why = bury(life, fault, "");
  if (!until || why != ended_as(how_it_ended(0, "")))
    base::log::warn("engine ended", {{"engine", name_for_log()}, {"reason", why}});
  {
    const std::scoped_lock lock(mutex_);
    state_.last_end = why;
  }
  calls_.disconnect(why);
}

// Reads what there is, but not all of it: calls want their answers, and closing its time.
Supervisor::Event Supervisor::wait_for_event(Life& life, Clock::time_point until) {
  // Calls that are started meanwhile wake nobody, but they can become overdue.
  const auto nap = std::min(until, Clock::now() + kNap) - Clock::now();
  const auto wait = std::max<std::int64_t>(std::chrono::ceil<base::Millis>(nap).count(), 0);
  // A negative descriptor is skipped.
  pollfd watched[4] = {
      {life.process.channel(), static_cast<short>(life.out->is_waiting() ? POLLIN | POLLOUT : POLLIN), 0},
      {wake_.get(), POLLIN, 0},
      {life.process.exit_fd(), POLLIN, 0},
      {life.prints && !life.output.rests() ? life.process.output() : -1, POLLIN, 0}};
  if (::poll(watched, 4, static_cast<int>(wait)) <= 0) return Event::kTime;
  if (watched[1].revents != 0) {
    eventfd_t ignored = 0;
    ::eventfd_read(wake_.get(), &ignored);
  }
  if (watched[3].revents != 0) life.prints = life.output.read(life.process.output());
  if ((watched[0].revents & POLLOUT) != 0) life.out->flush();
  if (watched[2].revents == 0 && (watched[0].revents & ~POLLOUT) == 0) return Event::kSomething;
  auto got = life.in.receive(life.process.channel());
  // What it said before it ended still counts; there is not more of it than fits into a socket.
  while (watched[2].revents != 0 && got == FrameBuffer::Got::kBytes) got = life.in.receive(life.process.channel());
  return watched[2].revents != 0 || got == FrameBuffer::Got::kEnd ? Event::kEnded : Event::kSomething;
}

std::string Supervisor::bury(Life& life, const std::string& fault, std::string_view when) {
  // When the channel has ended the process is about to; it should end in its own way, since that is the reason.
  pollfd ending{life.process.exit_fd(), POLLIN, 0};
  const bool by_itself = fault.empty() && (!life.process.can_be_watched() || ::poll(&ending, 1, kOwnWay) > 0);
  life.process.kill();
  const int status = life.process.wait();
  for (int round = 0; life.prints && round < 64; ++round) life.prints = life.output.read(life.process.output());
  life.output.end();
  if (by_itself) return ended_as(how_it_ended(status, when));
  return file_.name + ": " + (fault.empty() ? "it closed its channel" : fault) + ", and its process was killed.";
}

std::string Supervisor::ended_as(const std::string& how) const { return file_.name + ": its process " + how + "."; }

bool Supervisor::rest(const std::string& why) {
  const int ends = ends_in_a_row_++;
  std::unique_lock lock(mutex_);
  if (ends == 0) return !closing_;
  const auto pause = std::min(options_.longest_pause, options_.first_pause * (1 << std::min(ends - 1, 20)));
  const auto until = Clock::now() + pause;
  lock.unlock();
  calls_.pause(why, until);
  lock.lock();
  changed_.wait_until(lock, until, [&] { return closing_; });
  if (closing_) return false;
  lock.unlock();
  calls_.resume();
  return true;
}

void Supervisor::end(std::uint64_t connection) {
  const std::scoped_lock lock(mutex_);
  if (process_ != nullptr && connection_ == connection) process_->kill();
}

void Supervisor::close() {
  {
    const std::scoped_lock lock(mutex_);
    closing_ = true;
  }
  changed_.notify_all();
  ::eventfd_write(wake_.get(), 1);
}

bool Supervisor::is_closing() const {
  const std::scoped_lock lock(mutex_);
  return closing_;
}

void Supervisor::set_process(const Process* process, std::uint64_t connection) {
  const std::scoped_lock lock(mutex_);
  process_ = process;
  connection_ = connection;
  state_.serving = process != nullptr;
  state_.pid = process != nullptr ? process->pid() : 0;
}

engine::RuntimeState Supervisor::state() const {
  const std::scoped_lock lock(mutex_);
  return state_;
}

std::string Supervisor::name_for_log() const {
  return introduction_ ? introduction_->contract->manifest()->engine.value : file_.name;
}

}  // namespace tenantry::child
