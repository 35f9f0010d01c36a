// SPDX-License-Identifier: Apache-2.0
// What a server tells about a session along with its answers, and what is known of the transaction that begin() began.
#pragma once

#include <cstdint>
#include <kdeps/cpp/driver.hpp>
#include <string>
#include <string_view>

#include "mysql_client.hpp"

namespace kdeps::mysql {

// What the words of a statement promise.  Comments before the first word promise nothing.
struct StatementWords {
    // A statement of this kind ends no transaction; CALL, for one, may commit and begin anew.
    bool keeps_transaction = false;
    // Whatever it leaves in the session is left by a function or a trigger that it calls.
    bool keeps_session = false;

    static StatementWords of(std::string_view sql);
};

// One thread.
class Session {
public:
    // Makes the library report here; `client` must end before this does.
    void watch(MYSQL* client);

    // Slots that use the connection.
    void exchange_begins() { exchange_ = KDEPS_EXCHANGE_UNSENT; }
    void is_sent() { exchange_ = KDEPS_EXCHANGE_SENT; }
    void is_answered(bool is_refused) { exchange_ = is_refused ? KDEPS_EXCHANGE_REFUSED : KDEPS_EXCHANGE_ANSWERED; }
    std::uint32_t exchange() const { return exchange_; }

    // A statement of the caller is about to be sent.
    void note(const StatementWords& words);
    // It has been answered: looks at the flags that came with the answer.
    void look();
    // From here on the session is as `open` left it.
    void is_new();
    // A statement without effect on the session was run by the driver itself: what it tells is not the caller's doing.
    class Own {
    public:
        explicit Own(Session& session) : session_(session), was_touched_(session.is_touched_) {}
        ~Own() { session_.is_touched_ = was_touched_; }
        Own(const Own&) = delete;
        Own& operator=(const Own&) = delete;

    private:
        Session& session_;
        bool was_touched_;
    };

    // Transactions.
    void begun(bool is_read_only);
    void ended();
    void is_another() { is_another_ = true; }
    bool is_begun() const { return is_begun_; }
    bool is_read_only() const { return is_begun_ && is_read_only_; }
    // Is the session set to write, in a transaction that only reads?
    bool has_escaped() const { return is_read_only() && has_escaped_; }
    void is_caught() { has_escaped_ = false; }
    bool is_in_transaction() const;

    State state() const;
    std::uint32_t lexis() const;
    void learn_sql_mode(std::string_view mode);
    void learn_time_zone(std::string_view zone) { is_utc_ = zone == "+00:00" || zone == "UTC"; }
    // Are TIMESTAMP columns given in UTC?  Of a server that does not tell, as the session began.
    bool is_utc() const { return is_utc_; }
    static constexpr std::uint32_t kLexis = KDEPS_LEXIS_BACKSLASH | KDEPS_LEXIS_BACKTICK | KDEPS_LEXIS_HASH_COMMENT |
                                            KDEPS_LEXIS_DOUBLE_QUOTE_TEXT | KDEPS_LEXIS_DASH_NEEDS_SPACE;

private:
    static void on_change(void* data, enum enum_mariadb_status_info type, ...);

    MYSQL* client_ = nullptr;
    std::uint32_t exchange_ = KDEPS_EXCHANGE_UNKNOWN;
    bool is_used_ = false;       // a statement of the caller ran since the session was new
    bool is_touched_ = false;    // and left something, or may have
    bool quotes_names_ = false;  // ANSI_QUOTES, where the flags of an answer do not tell
    bool is_utc_ = true;
    bool is_begun_ = false;
    bool is_read_only_ = false;
    bool has_escaped_ = false;
    bool is_another_ = false;
};

}  // namespace kdeps::mysql
