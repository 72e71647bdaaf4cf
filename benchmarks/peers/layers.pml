/* The powered-off snapshot tree as layers, written from the chapters: the peer of spec/semantics.
 *
 * The model of the specification keeps the full content of every point. This one keeps what a
 * hypervisor with one file a snapshot keeps: layers, each with the blocks that it overwrites, read
 * from the top down. A retired snapshot is a layer that stays between two listed ones until it is
 * reclaimed. A merge composes layers. So the two agree only if composing layers means what the
 * chapters say about content.
 *
 * Two blocks are enough: a fresh write always writes the first and may or may not write the second.
 * All patterns of which layer wrote a block are states of the search then.
 *
 * Listed snapshots are in slots 0 to n-1 in order of creation; a retired one is in slot RET. A block
 * of a layer holds 0 where the layer is transparent, else the content, a number from 1. canonical()
 * renumbers content after every move in the order in which base, snapshots and active state show it.
 *
 * The verifier visits every state once and prints one line for every move out of it; record.py says
 * how a line reads.
 *
 * -DN=3: at most that many listed snapshots. -DSTORAGE=1: with retire, reclaim and remove_subtree.
 * -DEQUAL=1: create also where nothing was written, so that equal points occur. -DPATTERNS=0: every
 * write writes both blocks. -DFAULT=k: a fault planted on purpose, listed in faults.py.
 */

#ifndef N
#define N 3
#endif
#ifndef STORAGE
#define STORAGE 0
#endif
#ifndef EQUAL
#define EQUAL 0
#endif
#ifndef PATTERNS
#define PATTERNS 1
#endif
#ifndef FAULT
#define FAULT 0
#endif

#define RET     N
#define ACT     (N+1)
#define BASE    (N+2)
#define SIZE    (N+3)
#define UNKNOWN (N+1)

#define WRITE             0
#define CREATE            1
#define REVERT            2
#define MERGE_CHILDREN    3
#define MERGE_PARENT      4
#define MERGE_PARENT_F    5
#define DISCARD           6
#define DISCARD_F         7
#define RETIRE            8
#define RECLAIM           9
#define REMOVE            10
#define REMOVE_KEEP       11

#define NO_SUCH   1
#define DISCARDS  2
#define ARGUMENT  4

/* What the tree shows: a retired layer is nobody's parent. */
#define PARENT(x) (up[x] == RET -> up[RET] : up[x])
/* What lies on the layer s, among all layers that are in use. */
#define IN_USE(x) ((x) < n || (x) == ACT || ((x) == RET && ret))

byte n, ret, dirty;
byte up[SIZE];
byte d0[SIZE];
byte d1[SIZE];

/* Scratch of one move. What snapshots were called before it, and whose capture each point is. */
hidden byte lab[SIZE];
hidden byte cap[SIZE];
hidden byte gone[SIZE];
hidden byte actgone;
hidden byte kinds;
hidden byte b, i, j, k, l, m, p, v0, v1, w0, w1, y, t0, t1, deps;
hidden byte map0[2*SIZE];
hidden byte map1[2*SIZE];

inline content(x) {
    y = x; do :: d0[y] != 0 -> break :: else -> y = up[y] od; v0 = d0[y];
    y = x; do :: d1[y] != 0 -> break :: else -> y = up[y] od; v1 = d1[y]
}

inline is_below(x, top) {
    b = 0; y = x;
    do :: y == top -> b = 1; break :: y != top && y == BASE -> break :: else -> y = up[y] od
}

inline print_tree() {
    k = 0;
    do
    :: k < n -> content(k); printf("%d%d%d%d%d", lab[k], lab[PARENT(k)], cap[k], v0-1, v1-1); k++
    :: else -> break
    od;
    content(ACT); printf("/%d%d%d", lab[PARENT(ACT)], v0-1, v1-1);
    content(BASE); printf("/%d%d/", v0-1, v1-1);
    if :: ret -> printf("%d", lab[RET]) :: else fi
}

inline accept() { printf("0  "); print_tree() }

inline label() {
    k = 0; do :: k < SIZE -> lab[k] = k; cap[k] = k; gone[k] = 0; k++ :: else -> break od;
    lab[RET] = 7; lab[BASE] = 9; actgone = 0
}

/* Slots close up over one that is free; nothing may lie on it any more. */
inline drop(s) {
    k = s;
    do
    :: k + 1 < n ->
        up[k] = up[k+1]; d0[k] = d0[k+1]; d1[k] = d1[k+1];
        lab[k] = lab[k+1]; cap[k] = cap[k+1]; gone[k] = gone[k+1]; k++
    :: else -> break
    od;
    n--; up[n] = 0; d0[n] = 0; d1[n] = 0; gone[n] = 0;
    k = 0;
    do
    :: k < BASE ->
        if :: IN_USE(k) && up[k] > s && up[k] < N -> up[k] = up[k] - 1 :: else fi; k++
    :: else -> break
    od
}

inline drop_gone() {
    l = n;
    do :: l > 0 -> l--; if :: gone[l] -> drop(l) :: else fi :: else -> break od
}

/* One layer goes, and what lay on it takes over the blocks that it does not overwrite itself. */
inline fold(s) {
    l = 0;
    do
    :: l < BASE ->
        if
        :: IN_USE(l) && up[l] == s ->
            up[l] = up[s];
#if FAULT == 1
            if :: d0[s] -> d0[l] = d0[s] :: else fi;
#else
            if :: d0[l] == 0 -> d0[l] = d0[s] :: else fi;
#endif
#if FAULT == 2
            if :: l != ACT && d1[l] == 0 -> d1[l] = d1[s] :: else fi
#else
            if :: d1[l] == 0 -> d1[l] = d1[s] :: else fi
#endif
        :: else
        fi; l++
    :: else -> break
    od
}

inline remove_one(s) { fold(s); drop(s) }

/* deps: how many depend on s, the active state counted. */
inline count_dependents(s) {
    deps = 0; k = 0;
    do
    :: k < n -> if :: PARENT(k) == s -> deps++ :: else fi; k++
    :: else -> break
    od;
    if :: PARENT(ACT) == s -> deps++ :: else fi
}

inline mark_below(top) {
    i = 0;
    do
    :: i < n -> is_below(i, top); if :: b -> gone[i] = 1 :: else fi; i++
    :: else -> break
    od;
    is_below(ACT, top); if :: b -> actgone = 1 :: else fi;
    if :: ret -> is_below(RET, top); if :: b -> gone[RET] = 1 :: else fi :: else fi
}

inline refuse_discarding() {
    printf("%d ", DISCARDS); k = 0;
    do :: k < n -> if :: gone[k] -> printf("%d", lab[k]) :: else fi; k++ :: else -> break od;
    if :: actgone -> printf("a") :: else fi
}

/* The active state becomes the point of a slot. */
inline reset(s) { up[ACT] = s; d0[ACT] = 0; d1[ACT] = 0 }

/* A retired layer whose neighbours were destroyed: storage that nothing reads. */
inline strand() {
    if :: gone[RET] -> up[RET] = BASE; d0[RET] = 0; d1[RET] = 0; gone[RET] = 0 :: else fi
}

inline merge_into_children(s) {
    count_dependents(s);
    if
    :: deps == 0 -> gone[s] = 1; refuse_discarding()
    :: else -> remove_one(s); accept()
    fi
}

inline discard(s, forced) {
    mark_below(s);
    count_dependents(s);
    if
#if FAULT == 5
    :: deps - actgone > 0 && !forced -> gone[s] = 0; refuse_discarding()
#else
    :: deps > 0 && !forced -> gone[s] = 0; refuse_discarding()
#endif
    :: else ->
        p = PARENT(s);
#if FAULT == 6
        if :: actgone -> reset(BASE) :: else fi;
#else
        if :: actgone -> reset(p) :: else fi;
#endif
#if FAULT == 12
        /* The nearest older sibling, if it is a leaf, takes the content of the one that goes. */
        if
        :: deps == 0 && s > 0 && PARENT(s-1) == PARENT(s) -> d1[s-1] = d1[s]
        :: else
        fi;
#endif
        strand(); drop_gone(); accept()
    fi
}

inline merge_into_parent(s, forced) {
    p = PARENT(s); j = 0;
    do
    :: j < n -> if :: j != s && PARENT(j) == p -> mark_below(j) :: else fi; j++
    :: else -> break
    od;
#if FAULT != 4
    if :: PARENT(ACT) == p -> actgone = 1 :: else fi;
#endif
    deps = actgone; j = 0;
    do :: j < n -> deps = deps + gone[j]; j++ :: else -> break od;
    if
    :: deps > 0 && !forced -> refuse_discarding()
    :: else ->
        t0 = d0[s]; t1 = d1[s];
#if FAULT != 3
        if
        :: up[s] == RET ->
            if :: t0 == 0 -> t0 = d0[RET] :: else fi;
            if :: t1 == 0 -> t1 = d1[RET] :: else fi
        :: else
        fi;
#endif
        if :: t0 != 0 -> d0[p] = t0 :: else fi;
        if :: t1 != 0 -> d1[p] = t1 :: else fi;
        if :: p != BASE -> cap[p] = cap[s] :: else fi;
        strand();
        if :: actgone -> reset(p) :: else fi;
        j = 0;
        do
        :: j < BASE -> if :: IN_USE(j) && up[j] == s -> up[j] = p :: else fi; j++
        :: else -> break
        od;
        gone[s] = 1; drop_gone(); accept()
    fi
}

/* Leaf first: children are younger than their parent, so from the youngest down. */
inline remove_subtree(s, keep) {
    m = n;
    do
    :: m > 0 ->
        m--; is_below(m, s);
#if FAULT == 11
        if :: b && (!keep || PARENT(m) != s) -> remove_one(m) :: else fi
#else
        if :: b && !(keep && m == s) -> remove_one(m) :: else fi
#endif
    :: else -> break
    od;
    accept()
}

inline retire(s) {
    ret = 1; up[RET] = up[s]; d0[RET] = d0[s]; d1[RET] = d1[s]; lab[RET] = lab[s];
    j = 0;
    do
    :: j < BASE -> if :: j != RET && IN_USE(j) && up[j] == s -> up[j] = RET :: else fi; j++
    :: else -> break
    od;
#if FAULT == 10
    if :: up[ACT] == RET -> up[ACT] = up[RET] :: else fi;
#endif
    drop(s); accept()
}

inline reclaim() {
#if FAULT == 7
    j = 0;
    do :: j < n -> if :: up[j] == RET -> up[j] = up[RET] :: else fi; j++ :: else -> break od;
#endif
    fold(RET); up[RET] = 0; d0[RET] = 0; d1[RET] = 0; ret = 0; accept()
}

inline revert(s) {
    reset(s);
#if FAULT == 8
    /* The younger of two leaves gives the older one. */
    count_dependents(s);
    if :: deps == 1 && s > 0 && PARENT(s-1) == PARENT(s) -> content(s-1); d0[ACT] = v0; d1[ACT] = v1 :: else fi;
#endif
    accept()
}

inline create() {
    up[n] = up[ACT]; d0[n] = d0[ACT]; d1[n] = d1[ACT]; lab[n] = 8; cap[n] = 8; n++;
#if FAULT == 9
    if :: n > 1 && PARENT(n-1) == n-2 -> up[n-1] = up[n-2] :: else fi;
#endif
    reset(n-1); accept()
}

/* The first number that no visible content has. */
#define fresh0 map0[0]
#define fresh1 map1[0]

inline write(both) {
    d0[ACT] = fresh0; if :: both -> d1[ACT] = fresh1 :: else fi; accept()
}

inline number() {
    if :: map0[v0] == 0 -> map0[v0] = map0[0]; map0[0] = map0[0] + 1 :: else fi;
    if :: map1[v1] == 0 -> map1[v1] = map1[0]; map1[0] = map1[0] + 1 :: else fi
}

/* map[0] is the first number that no visible content has. */
inline number_content() {
    k = 0; do :: k < 2*SIZE -> map0[k] = 0; map1[k] = 0; k++ :: else -> break od;
    map0[0] = 1; map1[0] = 1;
    content(BASE); number();
    k = 0; do :: k < n -> content(k); number(); k++ :: else -> break od;
    content(ACT); number()
}

inline canonical() {
    number_content();
    k = 0;
    do
    :: k < SIZE ->
        /* What nothing shows, in a retired layer, comes after the number of the next write. */
        if
        :: d0[k] == 0
        :: d0[k] != 0 && map0[d0[k]] == 0 -> d0[k] = map0[0] + 1
        :: else -> d0[k] = map0[d0[k]]
        fi;
        if
        :: d1[k] == 0
        :: d1[k] != 0 && map1[d1[k]] == 0 -> d1[k] = map1[0] + 1
        :: else -> d1[k] = map1[d1[k]]
        fi; k++
    :: else -> break
    od;
    content(ACT); w0 = v0; w1 = v1; p = PARENT(ACT); content(p); dirty = (v0 != w0 || v1 != w1)
}

active proctype domain() {
    byte op, t;
    atomic { up[ACT] = BASE; d0[BASE] = 1; d1[BASE] = 1 };
    do
    :: atomic {
        if
        :: !dirty -> op = WRITE; t = 1
#if PATTERNS
        :: !dirty -> op = WRITE; t = 0
#endif
        :: n < N && (dirty || EQUAL) -> op = CREATE
        :: true ->
            if
            :: op = REVERT
            :: op = MERGE_CHILDREN
            :: op = MERGE_PARENT
            :: op = MERGE_PARENT_F
            :: op = DISCARD
            :: op = DISCARD_F
#if STORAGE
            :: !ret -> op = RETIRE
            :: op = RECLAIM
            :: op = REMOVE
            :: op = REMOVE_KEEP
#endif
            fi;
            if
            :: t = UNKNOWN
            :: ret -> t = RET
            :: n > 0 -> t = 0; do :: t + 1 < n -> t++ :: break od
            fi
        fi;
        skip; /* spin wants no jump to the head of a d_step */
        /* Scratch is not part of a state. It lives from here to the end of the move: no choice is left. */
        d_step { label(); print_tree(); printf(" %d %d ", op, t); number_content() };
        if
        :: op == WRITE -> d_step { write(t) }
        :: op == CREATE -> d_step { create() }
        :: op > CREATE && t >= RET && !(op == RECLAIM && t == RET) -> printf("%d ", NO_SUCH)
        :: op == RECLAIM && t < RET -> printf("%d ", ARGUMENT)
        :: op == RECLAIM && t == RET -> d_step { reclaim() }
        :: op == REVERT && t < RET -> d_step { revert(t) }
        :: op == MERGE_CHILDREN && t < RET -> d_step { merge_into_children(t) }
        :: (op == MERGE_PARENT || op == MERGE_PARENT_F) && t < RET ->
            d_step { merge_into_parent(t, (op == MERGE_PARENT_F)) }
        :: (op == DISCARD || op == DISCARD_F) && t < RET -> d_step { discard(t, (op == DISCARD_F)) }
        :: op == RETIRE && t < RET -> d_step { retire(t) }
        :: (op == REMOVE || op == REMOVE_KEEP) && t < RET -> d_step { remove_subtree(t, (op == REMOVE_KEEP)) }
        fi;
        skip;
        d_step { printf("\n"); canonical(); op = 0; t = 0 }
    }
    od
}
