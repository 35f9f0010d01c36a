// SPDX-License-Identifier: Apache-2.0
#include "postgres_link.hpp"

#include <poll.h>

#include <array>
#include <cerrno>

namespace kdeps::postgres {
namespace {

constexpr std::chrono::seconds kGrace(2);
// A request to stop that comes between two commands stops neither, so it is repeated.
constexpr std::chrono::milliseconds kRepeatStop(250);
// Nobody wakes a thread that is connecting: it looks at the call this often.
constexpr std::chrono::milliseconds kLook(50);
// Rows that come without waiting are counted, so that the call is looked at now and then.
constexpr unsigned kResultsPerLook = 512;

std::string stop_words(kdeps_status why) {
    return why == KDEPS_TIMEOUT ? "the time limit was reached" : "the run was cancelled";
}

// A moment that far ahead is never reached.
std::chrono::steady_clock::time_point deadline_of(const Call& call) {
    constexpr std::chrono::hours kNever(24 * 365);
    return std::chrono::steady_clock::now() + std::min<std::chrono::nanoseconds>(call.remaining(), kNever);
}

bool is_fatal(const PGresult* result) {
    const std::string_view severity = error_field(result, PG_DIAG_SEVERITY_NONLOCALIZED);
    return severity == "FATAL" || severity == "PANIC";
}

}  // namespace

Link::Link(const Call& call, const Keywords& parameters, std::optional<std::chrono::seconds> connect_timeout) {
    const std::vector<Keywords> endpoints = endpoints_of(parameters);
    std::string tried;
    for (std::size_t i = 0; i < endpoints.size(); ++i) {
        const std::size_t left = endpoints.size() - i;
        const auto now = Clock::now();
        auto end = now + (deadline_of(call) - now) / static_cast<int>(left);
        if (connect_timeout) end = std::min(end, now + *connect_timeout);
        try {
            connect(call, endpoints[i], end);
            return;
        } catch (Error& error) {
            PQfinish(std::exchange(connection_, nullptr));
            if (!tried.empty()) error.detail = tried + "; " + error.detail;
            tried = error.detail.empty() ? error.message : error.detail;
            // As in libpq: where a server has refused the login no other is asked.
            if (left == 1 || error.status != KDEPS_UNAVAILABLE || call.state() != KDEPS_OK) {
                if (i > 0) error.message += "; " + std::to_string(i + 1) + " addresses were tried";
                throw;
            }
        } catch (...) {
            PQfinish(std::exchange(connection_, nullptr));
            throw;
        }
    }
}

Link::~Link() { PQfinish(connection_); }

void Link::connect(const Call& call, const Keywords& endpoint, Clock::time_point end) {
    std::vector<const char*> keywords;
    std::vector<const char*> values;
    for (const auto& [keyword, value] : endpoint) {
        keywords.push_back(keyword.c_str());
        values.push_back(value.c_str());
    }
    keywords.push_back(nullptr);
    values.push_back(nullptr);
    connection_ = PQconnectStartParams(keywords.data(), values.data(), 0);
    if (connection_ == nullptr) {
        throw std::bad_alloc();
    }
    PQsetErrorVerbosity(connection_, PQERRORS_VERBOSE);  // with the SQLSTATE, see connect_error
    call_.emplace(call);
    PQsetNoticeReceiver(connection_, on_notice, this);
    const auto call_end = deadline_of(call);
    PostgresPollingStatusType state = PGRES_POLLING_WRITING;
    if (PQstatus(connection_) == CONNECTION_BAD) state = PGRES_POLLING_FAILED;
    while (state != PGRES_POLLING_OK) {
        if (state == PGRES_POLLING_FAILED) throw connect_error(connection_);
        const short events = state == PGRES_POLLING_READING ? POLLIN : POLLOUT;
        while (poll_socket(events, std::min(end, Clock::now() + kLook)) == 0) {
            kdeps_status why = call.state();
            if (why == KDEPS_OK && Clock::now() >= call_end) why = KDEPS_TIMEOUT;
            if (why == KDEPS_OK && Clock::now() < end) continue;
            Error error(why == KDEPS_OK ? KDEPS_UNAVAILABLE : why,
                        "cannot connect to PostgreSQL: " +
                            (why == KDEPS_OK ? "no answer within connect_timeout" : stop_words(why)));
            error.sqlstate = "08001";
            error.retry = KDEPS_RETRY_FRESH;
            error.damage = KDEPS_DAMAGE_CONNECTION;
            throw error;
        }
        state = PQconnectPoll(connection_);
    }
    PQsetErrorVerbosity(connection_, PQERRORS_DEFAULT);
    if (PQsetnonblocking(connection_, 1) != 0 || PQenterPipelineMode(connection_) != 1) {
        throw connect_error(connection_);
    }
    call_.reset();
}

void Link::begin_exchange(const Call& call, Effect effect) {
    if (is_broken_) {
        throw lost_error("it was given up before", Loss::before_anything_was_sent);
    }
    if (is_in_exchange()) {
        throw Error(KDEPS_INVALID_STATE,
                    "the rows of the statement before are still being read on this connection; release them first");
    }
    call_.emplace(call);
    effect_ = effect;
    has_sent_ = false;
    has_result_ = false;
    has_failed_ = false;
    stopped_ = KDEPS_OK;
    wake_.take();  // meant for an exchange that is over
    notice_closed();
}

void Link::start(const Call& call, Effect effect) {
    has_sent_ = false;  // what the check may throw is no answer of the exchange before
    call.check();
    begin_exchange(call, effect);
}

void Link::start_cleanup(const Call& call) {
    begin_exchange(call, Effect::none);
    // As if it were stopped already: the grace is all that it has.
    stopped_ = call.state() == KDEPS_TIMEOUT ? KDEPS_TIMEOUT : KDEPS_CANCELLED;
    grace_end_ = next_stop_ = Clock::now() + kGrace;
}

void Link::send_ahead() {
    if (PQflush(connection_) < 0) fail_lost();
    call_.reset();
}

void Link::continue_with(const Call& call) {
    call_.emplace(call);
    stopped_ = KDEPS_OK;
    wake_.take();
}

void Link::give_up_quietly() {
    is_broken_ = true;
    has_sent_ = false;
    needs_sync_ = false;
    syncs_ = 0;
    cancel_.reset();
}

std::uint32_t Link::progress() const {
    if (!has_sent_) return KDEPS_EXCHANGE_UNSENT;
    if (is_in_exchange() || (is_broken_ && !has_failed_)) return KDEPS_EXCHANGE_SENT;
    if (!has_failed_) return KDEPS_EXCHANGE_ANSWERED;
    // What a procedure committed before it failed stays.
    return effect_ == Effect::changes_in_parts ? KDEPS_EXCHANGE_UNKNOWN : KDEPS_EXCHANGE_REFUSED;
}

// A connection that the server closed while it was idle is found before anything is sent, when a retry is certainly
// safe.
void Link::notice_closed() {
    pollfd entry{PQsocket(connection_), POLLIN, 0};
    while (poll(&entry, 1, 0) > 0) {
        if (PQconsumeInput(connection_) == 0 || PQstatus(connection_) == CONNECTION_BAD) {
            PQisBusy(connection_);  // reads the server's last words out of the buffer
            fail_lost();
        }
        PQisBusy(connection_);
        entry = {PQsocket(connection_), POLLIN, 0};
    }
}

void Link::require(int is_ok) {
    if (is_ok != 1) fail_lost();
    has_sent_ = true;
    needs_sync_ = true;
}

void Link::query(const char* sql, const Parameters* parameters) {
    require(PQsendQueryParams(connection_, sql, parameters == nullptr ? 0 : parameters->count(), nullptr,
                              parameters == nullptr ? nullptr : parameters->values(),
                              parameters == nullptr ? nullptr : parameters->lengths(),
                              parameters == nullptr ? nullptr : parameters->formats(), 0));
}

void Link::prepare(const std::string& name, const std::string& sql, const std::vector<Oid>& declared) {
    require(PQsendPrepare(connection_, name.c_str(), sql.c_str(), static_cast<int>(declared.size()),
                          declared.empty() ? nullptr : declared.data()));
    require(PQsendDescribePrepared(connection_, name.c_str()));
}

void Link::execute(const std::string& name, const Parameters& parameters, bool is_binary) {
    require(PQsendQueryPrepared(connection_, name.c_str(), parameters.count(), parameters.values(),
                                parameters.lengths(), parameters.formats(), is_binary ? 1 : 0));
}

void Link::sync() {
    require(PQpipelineSync(connection_));
    needs_sync_ = false;
    ++syncs_;
}

void Link::flush_request() { require(PQsendFlushRequest(connection_)); }

void Link::single_row() {
    if (PQsetSingleRowMode(connection_) != 1) {
        throw Error(KDEPS_INTERNAL, "libpq refused to give the rows one by one");
    }
}

Result Link::next() {
    if (++results_ % kResultsPerLook == 0) check_call(wake_.take());
    while (PQisBusy(connection_) != 0) {
        wait();
    }
    Result result(PQgetResult(connection_));
    if (result == nullptr) {
        if (PQstatus(connection_) == CONNECTION_BAD) fail_lost();
        return nullptr;
    }
    const ExecStatusType status = PQresultStatus(result.get());
    if (status == PGRES_PIPELINE_SYNC) {
        if (--syncs_ == 0 && !needs_sync_) settle();
    } else if (status == PGRES_FATAL_ERROR && (is_fatal(result.get()) || PQstatus(connection_) == CONNECTION_BAD)) {
        keep_farewell(result.get());
        fail_lost();
    } else if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH) {
        // Another protocol, which a statement does not speak.
        is_broken_ = true;
        needs_sync_ = false;
        syncs_ = 0;
        Error error(KDEPS_UNSUPPORTED,
                    "COPY from STDIN or to STDOUT cannot run as a statement; use INSERT with paramsBatch, or SELECT");
        error.sqlstate = "0A000";
        error.damage = KDEPS_DAMAGE_CONNECTION;
        throw error;
    } else if (status == PGRES_FATAL_ERROR) {
        has_failed_ = true;
    } else if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) {
        has_result_ = true;
        note_tag(PQcmdStatus(result.get()));
    }
    return result;
}

void Link::note_tag(const char* tag) {
    const std::string_view words = tag;
    switch (tag[0]) {
        case 'C':
            tags_.has_committed = tags_.has_committed || words == "COMMIT";
            tags_.has_defined = tags_.has_defined || words.starts_with("CREATE");
            break;
        case 'P': tags_.has_committed = tags_.has_committed || words == "PREPARE TRANSACTION"; break;
        case 'R': tags_.has_rolled_back = tags_.has_rolled_back || words == "ROLLBACK"; break;
        case 'S': tags_.has_set = tags_.has_set || words == "SET"; break;
        case 'A': tags_.has_defined = tags_.has_defined || words.starts_with("ALTER"); break;
        case 'D':
            tags_.has_defined = tags_.has_defined || words.starts_with("DROP");
            tags_.has_discarded = tags_.has_discarded || words == "DEALLOCATE ALL" || words == "DISCARD ALL";
            break;
        default: break;
    }
}

Result Link::drain() {
    if (needs_sync_) sync();
    Result first;
    while (is_in_exchange()) {
        Result result = next();
        if (first == nullptr && result != nullptr && PQresultStatus(result.get()) == PGRES_FATAL_ERROR)
            first = std::move(result);
    }
    return first;
}

Result Link::begin_copy(const std::string& sql) {
    if (PQexitPipelineMode(connection_) != 1) throw Error(KDEPS_INTERNAL, "libpq does not leave pipeline mode");
    require(PQsendQuery(connection_, sql.c_str()));
    needs_sync_ = false;
    is_copy_refused_ = false;
    syncs_ = 1;  // an exchange is under way
    Result answer = next_of_copy();
    if (PQresultStatus(answer.get()) == PGRES_COPY_IN) return nullptr;
    leave_copy();
    return answer;
}

bool Link::put_copy(std::string_view data) {
    // What the server has refused shows when its result is read.
    bool is_put = PQputCopyData(connection_, data.data(), static_cast<int>(data.size())) == 1;
    while (is_put && PQflush(connection_) == 1) {
        wait_for(POLLIN | POLLOUT);
        is_put = stopped_ == KDEPS_OK;
    }
    is_copy_refused_ = is_copy_refused_ || !is_put;
    return is_put && stopped_ == KDEPS_OK;
}

Result Link::end_copy(const char* why_dropped) {
    // The server looks for a request to stop between rows, so it is told here too.
    PQputCopyEnd(connection_, stopped_ == KDEPS_OK ? why_dropped : "the batch was stopped");
    Result answer = next_of_copy();
    leave_copy();
    return answer;
}

Result Link::next_of_copy() {
    while (PQisBusy(connection_) != 0) wait();
    Result result(PQgetResult(connection_));
    if (PQstatus(connection_) == CONNECTION_BAD || is_fatal(result.get())) {
        keep_farewell(result.get());
        fail_lost();
    }
    return result;
}

void Link::leave_copy() {
    while (next_of_copy() != nullptr) {
    }
    syncs_ = 0;
    settle();
    if (PQenterPipelineMode(connection_) != 1) throw Error(KDEPS_INTERNAL, "libpq does not enter pipeline mode");
}

void Link::wait() {
    const int unsent = PQflush(connection_);  // a failure shows when reading
    wait_for(static_cast<short>(unsent == 1 ? POLLIN | POLLOUT : POLLIN));
}

void Link::wait_for(short events) {
    if (PQsocket(connection_) < 0) fail_lost();
    const auto until = stopped_ == KDEPS_OK ? deadline_of(*call_) : std::min(grace_end_, next_stop_);
    const int ready = poll_socket(events, until);
    check_call(wake_.take());
    if (ready > 0 && PQconsumeInput(connection_) == 0) {
        PQisBusy(connection_);  // reads the server's last words out of the buffer
        keep_farewell(Result(PQgetResult(connection_)).get());
        fail_lost();
    }
}

// 1 if the socket is ready or failed, 0 if not.  Returns early when woken.
int Link::poll_socket(short events, Clock::time_point until) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
    std::array<pollfd, 2> entries{{{PQsocket(connection_), events, 0}, {wake_.fd(), POLLIN, 0}}};
    const int found = poll(entries.data(), entries.size(), static_cast<int>(std::clamp<long>(left, 0, 3'600'000)));
    if (found < 0 && errno != EINTR) {
        throw Error(KDEPS_INTERNAL, "waiting for the database failed");
    }
    return found > 0 && entries[0].revents != 0 ? 1 : 0;
}

void Link::check_call(bool was_woken) {
    if (stopped_ != KDEPS_OK) {
        const auto now = Clock::now();
        if (now >= grace_end_) give_up();
        if (now < next_stop_) return;
        next_stop_ = now + kRepeatStop;
        if (cancel_ && cancel_->wait_until(now)) cancel_.emplace(connection_);
        return;
    }
    kdeps_status why = call_->state();
    if (why == KDEPS_OK && call_->remaining().count() <= 0) why = KDEPS_TIMEOUT;
    if (why == KDEPS_OK && was_woken) why = KDEPS_CANCELLED;
    if (why != KDEPS_OK) stop(why);
}

void Link::stop(kdeps_status why) {
    if (stopped_ != KDEPS_OK) return;
    stopped_ = why;
    const auto now = Clock::now();
    grace_end_ = now + kGrace;
    next_stop_ = now + kRepeatStop;
    cancel_.emplace(connection_);
}

// A request to stop that arrives late would hit the next statement: the exchange is over when the request is.
void Link::settle() {
    // After the grace what was read is good; the connection is not.
    if (cancel_ && !cancel_->wait_until(grace_end_)) is_broken_ = true;
    cancel_.reset();
}

void Link::give_up() {
    is_broken_ = true;
    needs_sync_ = false;
    syncs_ = 0;
    if (effect_ == Effect::commits) {
        throw lost_error(stop_words(stopped_) + " and the server did not confirm that it stopped", Loss::in_doubt);
    }
    Error error(stopped_, stop_words(stopped_) +
                              "; PostgreSQL did not confirm within 2 s that it stopped, so the connection is given up");
    error.sqlstate = "57014";
    error.retry = effect_ == Effect::none ? KDEPS_RETRY_FRESH : KDEPS_RETRY_IN_DOUBT;
    error.damage = KDEPS_DAMAGE_CONNECTION;
    throw error;
}

void Link::keep_farewell(const PGresult* result) {
    if (is_fatal(result)) {
        farewell_ = error_of(result, {.doing = "the connection to PostgreSQL was lost", .stopped = stopped_});
    }
}

void Link::fail_lost() {
    is_broken_ = true;
    needs_sync_ = false;
    syncs_ = 0;
    cancel_.reset();
    const bool is_in_doubt = has_sent_ && effect_ != Effect::none;
    // A session that the server ends while a command runs has not committed it.  Class 08 are the words of a pooler
    // whose server is lost, and it does not know.
    const bool is_known =
        farewell_ && !has_result_ && effect_ != Effect::changes_in_parts && !farewell_->sqlstate.starts_with("08");
    has_failed_ = is_known;
    if (farewell_ && (!is_in_doubt || is_known)) {
        Error error = *farewell_;
        error.status = error.status == KDEPS_EXHAUSTED ? KDEPS_EXHAUSTED : KDEPS_UNAVAILABLE;
        error.retry = KDEPS_RETRY_FRESH;
        error.damage = KDEPS_DAMAGE_CONNECTION;
        if (!has_sent_) error.sqlstate = kNothingSent;  // the words tell why, this what it means for the caller
        throw error;
    }
    throw lost_error(PQerrorMessage(connection_), !has_sent_                   ? Loss::before_anything_was_sent
                                                  : !is_in_doubt               ? Loss::nothing_committed
                                                  : effect_ == Effect::commits ? Loss::in_doubt
                                                                               : Loss::unanswered);
}

void Link::warn(std::string_view message) const {
    if (call_) call_->log(KDEPS_LOG_WARNING, message);
}

void Link::on_notice(void* self, const PGresult* notice) {
    auto& link = *static_cast<Link*>(self);
    link.keep_farewell(notice);
    if (link.call_) {
        link.call_->log(KDEPS_LOG_DEBUG, "PostgreSQL: " + std::string(error_field(notice, PG_DIAG_SEVERITY)) + ": " +
                                             std::string(error_field(notice, PG_DIAG_MESSAGE_PRIMARY)));
    }
}

}  // namespace kdeps::postgres
