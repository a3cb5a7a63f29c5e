/*
 * The rules of Veche's Raft core as a model of its own, checked exhaustively by spin (see README.md).
 *
 * Three servers. The network is the set of everything that was ever said: what a candidate asked, who granted it what, what the leader of a term
 * has in its log and what was acknowledged to it. Any of it may be heard at any later time, any number of times, or never. So loss, delay,
 * repetition and reordering need no actions of their own.
 *
 * -DMUTATE_... takes one rule out; each must then be caught:
 *   MUTATE_ACK_BEFORE_SYNC   entries are acknowledged before they are durable
 *   MUTATE_VOTE_NOT_DURABLE  a vote is given before it is durable
 *   MUTATE_COMMIT_UNCLAMPED  a follower takes the leader's commit index beyond what the message has verified
 *   MUTATE_ANY_LOG           votes are given whatever the candidate's log holds (Raft 5.4.1)
 *   MUTATE_SYNC_NOT_OWN      a leader counts its own entries before they are durable
 */
#ifndef TERMS
#define TERMS 2         /* 2 or 3 */
#endif
#ifndef CRASHES
#define CRASHES 1
#endif
#define N 3
#define ROOM 5          /* a log of at most TERMS entries, counted from 1 */
#define NOBODY 3

#define FOLLOWER 0
#define CANDIDATE 1
#define LEADER 2

/* What a server has in memory. */
byte role[N];
byte term[N];
byte vote[N] = NOBODY;
byte length[N];
byte verified[N];       /* how far its log is known to equal that of the leader of its term */
byte commit[N];

/* What is on its disk. */
byte durableTerm[N];
byte durableVote[N] = NOBODY;
byte durableLen[N];     /* what it has promised to keep; it may hold more */

/* Logs as terms of entries: [server * ROOM + index]. */
byte log[15];
byte durableLog[15];

/* What was ever said: by candidates [term * N + server], by voters, and by the leader of each term. */
bit asked[15];
byte askedLastTerm[15];
byte askedLastIndex[15];
byte granted[15];       /* a bit for each voter */
byte leaderOf[5] = NOBODY;
byte leaderLen[5];
byte leaderLog[25];     /* [term * ROOM + index] */
byte leaderCommit[5];
byte acknowledged[15];  /* [term * N + server] */

/* What was committed: the term of each entry, and the term in which it was. Kept by nobody but the properties. */
byte committed[5];
byte committedIn[5];
byte crashes;
bit someoneCampaigned;

#define LOG(s, i) log[(s) * ROOM + (i)]
#define DISK(s, i) durableLog[(s) * ROOM + (i)]
#define SAID(t, s) [(t) * N + (s)]
#define LAST_TERM(s) (length[s] > 0 -> LOG(s, length[s]) : 0)
#define LEADERLOG(t, i) leaderLog[(t) * ROOM + (i)]

/* The rules that can be taken out. */
#ifdef MUTATE_ANY_LOG
#define UP_TO_DATE(c, t, s) true
#else
#define UP_TO_DATE(c, t, s) (askedLastTerm SAID(t, c) > LAST_TERM(s) || (askedLastTerm SAID(t, c) == LAST_TERM(s) && askedLastIndex SAID(t, c) >= length[s]))
#endif
#ifdef MUTATE_VOTE_NOT_DURABLE
#define VOTE_IS_DURABLE false
#else
#define VOTE_IS_DURABLE true
#endif
#ifdef MUTATE_COMMIT_UNCLAMPED
#define CLAMP(k, m, end) (k < end -> k : end)
#else
#define CLAMP(k, m, end) (k < m -> k : m)
#endif
#ifdef MUTATE_ACK_BEFORE_SYNC
#define ACK_AFTER_SYNC false
#else
#define ACK_AFTER_SYNC true
#endif
#ifdef MUTATE_SYNC_NOT_OWN
#define OWN_AFTER_SYNC false
#else
#define OWN_AFTER_SYNC true
#endif
#define OF_THIS_TERM(s, x) (LOG(s, x) == term[s])      /* Raft 5.4.2 */

/* Scratch, set back to 0 at the end of each step so that it does not multiply states. */
byte i, m, n, k;

inline persistVote(x)
{
    durableTerm[x] = term[x];
    durableVote[x] = vote[x]
}

inline persistLog(x)
{
    i = 1;
    do
    :: i < ROOM -> DISK(x, i) = LOG(x, i); i++
    :: else -> break
    od;
    durableLen[x] = length[x]
}

inline enterTerm(x, newTerm)
{
    if
    :: newTerm > term[x] -> term[x] = newTerm; vote[x] = NOBODY; verified[x] = 0; role[x] = FOLLOWER; persistVote(x)
    :: else
    fi
}

inline commitThrough(x, last)
{
    do
    :: commit[x] < last ->
        commit[x]++;
        if
        :: committed[commit[x]] == 0 -> committed[commit[x]] = LOG(x, commit[x]); committedIn[commit[x]] = term[x]
        :: else -> assert(committed[commit[x]] == LOG(x, commit[x]))      /* state machine safety */
        fi
    :: else -> break
    od
}

/* An election timeout. The first to campaign is server 0: which one it is makes no difference. */
#define CAMPAIGN(s) \
    :: role[s] != LEADER && term[s] < TERMS && (s == 0 || someoneCampaigned) -> \
        someoneCampaigned = 1; \
        term[s]++; vote[s] = s; role[s] = CANDIDATE; verified[s] = 0; \
        persistVote(s); \
        asked SAID(term[s], s) = 1; \
        askedLastIndex SAID(term[s], s) = length[s]; \
        askedLastTerm SAID(term[s], s) = LAST_TERM(s); \
        granted SAID(term[s], s) = 1 << s

/* Word of a campaign, and a vote, at any time after it was asked for. */
#define GRANT(s, c, t) \
    :: asked SAID(t, c) && (t > term[s] || (t == term[s] && role[s] == FOLLOWER && vote[s] == NOBODY && UP_TO_DATE(c, t, s))) -> \
        enterTerm(s, t); \
        if \
        :: UP_TO_DATE(c, t, s) -> \
            vote[s] = c; \
            if :: VOTE_IS_DURABLE -> persistVote(s) :: else fi; \
            granted SAID(t, c) = granted SAID(t, c) | (1 << s) \
        :: else \
        fi

/* A candidate has a majority. A leader begins with an entry of its own term. */
#define WIN(s) \
    :: role[s] == CANDIDATE && (granted SAID(term[s], s) == 3 || granted SAID(term[s], s) >= 5) -> \
        assert(leaderOf[term[s]] == NOBODY || leaderOf[term[s]] == s);      /* election safety */ \
        i = 1; \
        do \
        :: i < ROOM -> \
            assert(committed[i] == 0 || committedIn[i] >= term[s] || LOG(s, i) == committed[i]);      /* leader completeness */ \
            i++ \
        :: else -> break \
        od; \
        role[s] = LEADER; \
        leaderOf[term[s]] = s; \
        length[s]++; \
        LOG(s, length[s]) = term[s]; \
        leaderLen[term[s]] = length[s]; \
        i = 1; \
        do \
        :: i <= length[s] -> LEADERLOG(term[s], i) = LOG(s, i); i++ \
        :: else -> break \
        od

/* An append with the entry after p, or the empty one after the leader's last, and a commit index that the leader has had. */
#define APPEND(s, t, p) \
    :: leaderOf[t] != NOBODY && leaderOf[t] != s && t >= term[s] && p <= leaderLen[t] -> \
        m = (p < leaderLen[t] -> p + 1 : p); \
        if :: k = leaderCommit[t] :: k = 0 fi; \
        enterTerm(s, t); \
        role[s] = FOLLOWER; \
        if \
        :: p == 0 || (p <= length[s] && LOG(s, p) == LEADERLOG(t, p)) -> \
            if \
            :: m > p && m <= length[s] && LOG(s, m) != LEADERLOG(t, m) -> \
                assert(commit[s] < m);      /* nothing committed is removed */ \
                do :: length[s] >= m -> LOG(s, length[s]) = 0; length[s]-- :: else -> break od \
            :: else \
            fi; \
            if \
            :: m > length[s] -> length[s] = m; LOG(s, m) = LEADERLOG(t, m) \
            :: else \
            fi; \
            if :: m > verified[s] -> verified[s] = m :: else fi; \
            n = CLAMP(k, m, length[s]); \
            commitThrough(s, n) \
        :: else \
        fi

/* A follower makes its log durable and acknowledges what it has verified. */
#define ACKNOWLEDGE(s) \
    :: role[s] == FOLLOWER && verified[s] > acknowledged SAID(term[s], s) -> \
        acknowledged SAID(term[s], s) = verified[s]; \
        if :: ACK_AFTER_SYNC -> persistLog(s) :: else fi

/* A leader counts who holds an entry; itself once it has made it durable. */
#define HOLDS(s, o, x) (o != s && acknowledged SAID(term[s], o) >= x -> 1 : 0)
#define ADVANCE(s, x) \
    :: role[s] == LEADER && commit[s] < x && x <= length[s] && HOLDS(s, 0, x) + HOLDS(s, 1, x) + HOLDS(s, 2, x) >= 1 && OF_THIS_TERM(s, x) -> \
        if :: OWN_AFTER_SYNC -> persistLog(s) :: else fi; \
        commitThrough(s, x); \
        leaderCommit[term[s]] = x

/* A server loses what it has not made durable, or happens to keep it, and starts again. */
#define CRASH(s) \
    :: crashes < CRASHES && someoneCampaigned -> \
        crashes++; \
        if \
        :: true -> \
            term[s] = durableTerm[s]; vote[s] = durableVote[s]; \
            i = 1; \
            do \
            :: i < ROOM -> LOG(s, i) = DISK(s, i); i++ \
            :: else -> break \
            od; \
            length[s] = durableLen[s] \
        :: true \
        fi; \
        role[s] = FOLLOWER; verified[s] = 0; commit[s] = 0

#define EACH(X) X(0) X(1) X(2)
#define EACH_PAIR(X, t) X(0, 1, t) X(0, 2, t) X(1, 0, t) X(1, 2, t) X(2, 0, t) X(2, 1, t)
#define EACH_PLACE(X, s, t) X(s, t, 0) X(s, t, 1) X(s, t, 2) X(s, t, 3)
#if TERMS == 2
#define EACH_PAIR_AND_TERM(X) EACH_PAIR(X, 1) EACH_PAIR(X, 2)
#define EACH_TERM(X, s) EACH_PLACE(X, s, 1) EACH_PLACE(X, s, 2)
#elif TERMS == 3
#define EACH_PAIR_AND_TERM(X) EACH_PAIR(X, 1) EACH_PAIR(X, 2) EACH_PAIR(X, 3)
#define EACH_TERM(X, s) EACH_PLACE(X, s, 1) EACH_PLACE(X, s, 2) EACH_PLACE(X, s, 3)
#endif
#define EACH_INDEX(X, s) X(s, 1) X(s, 2) X(s, 3)

active proctype world()
{
    do
    :: atomic {
        if
        EACH(CAMPAIGN)
        EACH_PAIR_AND_TERM(GRANT)
        EACH(WIN)
        EACH_TERM(APPEND, 0) EACH_TERM(APPEND, 1) EACH_TERM(APPEND, 2)
        EACH(ACKNOWLEDGE)
        EACH_INDEX(ADVANCE, 0) EACH_INDEX(ADVANCE, 1) EACH_INDEX(ADVANCE, 2)
        EACH(CRASH)
        fi;
        i = 0; m = 0; n = 0; k = 0
    }
    od
}
