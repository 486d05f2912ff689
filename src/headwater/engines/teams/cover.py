"""Kernels of the team search: what it costs to cover a set of capabilities for a lead who sits at one place.

A set of capabilities is a bit mask. Prices are whole numbers (thousandths of the unit of cost); `NEVER` stands for
"cannot be covered" and leaves room to add three of them without overflow.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from headwater.engines.teams.problem import IntArray

NEVER = np.int64(1 << 60)
EVERY_JURISDICTION = np.int64((1 << 62) - 1)


@njit(cache=True)
def cover_prices(mask: IntArray, price: IntArray, give_up: IntArray) -> IntArray:
    """Least price to cover each set when nothing but price matters: a lower bound for every question.

    Parameters
    ----------
    mask, price : array of int, shape (m,)
        Capabilities and price of each member who can be had.
    give_up : array of int, shape (k,)
        Price of going without a capability; `NEVER` for a must.

    Returns
    -------
    array of int, shape (2**k,)
        `NEVER` or more where the set cannot be covered.

    Notes
    -----
    Cost: O(m + k 2**k + 3**k). One member may serve a superset of the part he is taken for, so single prices are first
    made non-increasing in the set; then the lowest open capability decides who comes next, which counts each
    partition once.
    """
    k = give_up.shape[0]
    size = 1 << k
    single = np.full(size, NEVER)
    for i in range(mask.shape[0]):
        if price[i] < single[mask[i]]:
            single[mask[i]] = price[i]
    for c in range(k):
        single[1 << c] = min(single[1 << c], give_up[c])
    for c in range(k):
        bit = 1 << c
        for s in range(size):
            if s & bit and single[s] < single[s ^ bit]:
                single[s ^ bit] = single[s]
    total = np.empty(size, np.int64)
    total[0] = 0
    for s in range(1, size):
        low = s & -s
        rest = s ^ low
        best = NEVER
        part = rest
        while True:
            value = single[part | low] + total[rest ^ part]
            if value < best:
                best = value
            if part == 0:
                break
            part = (part - 1) & rest
        total[s] = best
    return total


@njit(cache=True)
def outside_prices(start: IntArray, total: IntArray) -> IntArray:
    """Least price of a lead together with whoever covers the rest of each set.

    ``start[s]`` is the least price of a lead who holds exactly ``s``, less all that ties could save. The result bounds
    from below what any team pays outside the part of its members that covers the complement. Cost: O(3**k).
    """
    size = total.shape[0]
    closed = start.copy()
    bit = 1
    while bit < size:
        for s in range(size):
            if s & bit and closed[s] < closed[s ^ bit]:
                closed[s ^ bit] = closed[s]
        bit <<= 1
    out = np.empty(size, np.int64)
    for s in range(size):
        best = int(NEVER)
        part = s
        while True:
            value = closed[part] + total[s ^ part]
            if value < best:
                best = value
            if part == 0:
                break
            part = (part - 1) & s
        out[s] = max(0, best)
    return out


@njit(cache=True)
def undominated(order: IntArray, mask: IntArray, money: IntArray, home: IntArray, n_home: int, k: int) -> IntArray:
    """Members that can matter: nobody of the same home holds as much for at most the same price and money.

    ``order`` lists members by price ascending; ``home`` is a small index (the jurisdiction, or 0 where that does not
    matter). Exact: in any team the dominated member can be exchanged for the dominating one, or, if that one is
    in it already, left out, at no higher price, money, or number. Cost: O(m + kept * 2**k) at worst.
    """
    least = np.full((n_home, 1 << k), np.iinfo(np.int64).max)
    kept = np.empty(order.shape[0], np.int64)
    n = 0
    for i in order:
        held = mask[i]
        if least[home[i], held] <= money[i]:
            continue
        kept[n] = i
        n += 1
        part = held
        while True:
            if money[i] < least[home[i], part]:
                least[home[i], part] = money[i]
            if part == 0:
                break
            part = (part - 1) & held
    return kept[:n].copy()


@njit(cache=True)
def _popcount(x: int) -> int:
    n = 0
    while x:
        x &= x - 1
        n += 1
    return n


@njit(cache=True)
def _grown(table: IntArray) -> IntArray:
    out = np.empty((table.shape[0] * 2, table.shape[1]), np.int64)
    out[: table.shape[0]] = table
    return out


# Columns of a label: what a set of members who cover a set costs, and how it came about.
PRICE, MONEY, COUNT, HOMES, PARENT, MEMBER, NEXT = 0, 1, 2, 3, 4, 5, 6


@njit(cache=True)
def _insert(
    labels: IntArray,
    n: int,
    head: IntArray,
    s: int,
    price: int,
    money: int,
    count: int,
    homes: int,
    parent: int,
    member: int,
) -> bool:
    """Put a label into the list of set ``s`` unless one there is as good; unlink those it beats."""
    before = -1
    at = head[s]
    while at >= 0:
        x = labels[at]
        if x[PRICE] <= price and x[MONEY] <= money and x[COUNT] <= count and (x[HOMES] & homes) == homes:
            return False
        after = x[NEXT]
        if price <= x[PRICE] and money <= x[MONEY] and count <= x[COUNT] and (homes & x[HOMES]) == x[HOMES]:
            if before < 0:
                head[s] = after
            else:
                labels[before, NEXT] = after
        else:
            before = at
        at = after
    x = labels[n]
    x[PRICE], x[MONEY], x[COUNT], x[HOMES] = price, money, count, homes
    x[PARENT], x[MEMBER], x[NEXT] = parent, member, head[s]
    head[s] = n
    return True


@njit(cache=True)
def cover_labels(
    item_mask: IntArray,
    item_price: IntArray,
    item_money: IntArray,
    item_bit: IntArray,
    give_up: IntArray,
    total: IntArray,
    outside: IntArray,
    limit: int,
    most_money: int,
    most_count: int,
    n_homes: int,
) -> tuple[IntArray, IntArray]:
    """All ways worth keeping to cover each set within the limits.

    Parameters
    ----------
    item_mask, item_price, item_money, item_bit : array of int, shape (m,)
        The undominated members; ``item_bit`` is the jurisdiction as one bit, 0 where jurisdictions do not matter.
        Money and numbers that do not matter are passed as 0 with a limit that never binds.
    give_up : array of int, shape (k,)
        As in `cover_prices`.
    total, outside : array of int, shape (2**k,)
        Lower bounds from `cover_prices` and `outside_prices`.
    limit : int
        Only teams cheaper than this matter.
    most_money, most_count : int
        What is left for members beside the lead.
    n_homes : int
        Different jurisdictions asked (1 = none).

    Returns
    -------
    labels : array of int, shape (q, 7)
        Price, money, count, jurisdictions (bits; all bits once enough), parent label (-1 none), member (index of the
        item; ``-1 - c`` for capability ``c`` given up; -1000 for the empty label), next label of the same set.
    head : array of int, shape (2**k,)
        First label of each set, -1 none.

    Notes
    -----
    The empty set has labels too: members taken only because they bring a new jurisdiction. All others come in through
    the lowest open capability, so each irredundant team appears once, however its members are ordered.
    """
    k = give_up.shape[0]
    size = 1 << k
    full = size - 1
    m = item_mask.shape[0]
    count_step = 1 if most_count < 1000 else 0
    head = np.full(size, -1)
    labels = np.empty((1024, 7), np.int64)
    _insert(labels, 0, head, 0, 0, 0, 0, 0, -1, -1000)
    n = 1
    if n_homes > 1:
        at = 0
        while at < n:  # the list grows while it is read: fillers on top of fillers, jurisdictions ascending
            parent_homes = labels[at, HOMES]
            if parent_homes != EVERY_JURISDICTION and _popcount(parent_homes) < n_homes - 1:
                for i in range(m):
                    if item_bit[i] <= parent_homes:
                        continue
                    price = labels[at, PRICE] + item_price[i]
                    money = labels[at, MONEY] + item_money[i]
                    count = labels[at, COUNT] + count_step
                    if price + outside[full] >= limit or money > most_money or count > most_count:
                        continue
                    if n == labels.shape[0]:
                        labels = _grown(labels)
                    if _insert(labels, n, head, 0, price, money, count, parent_homes | item_bit[i], at, i):
                        n += 1
            at += 1
    for s in range(1, size):
        room = limit - outside[full ^ s]
        if room <= 0:
            continue
        low = s & -s
        for j in range(-k, m):
            if j < 0:
                c = -1 - j
                held, price_j, money_j, step, bit = 1 << c, give_up[c], np.int64(0), 0, np.int64(0)
            else:
                held, price_j, money_j, step, bit = item_mask[j], item_price[j], item_money[j], count_step, item_bit[j]
            if not held & low or price_j >= room:
                continue
            left = s & ~held
            if total[left] + price_j >= room:
                continue
            at = head[left]
            while at >= 0:
                price = labels[at, PRICE] + price_j
                money = labels[at, MONEY] + money_j
                count = labels[at, COUNT] + step
                if price < room and money <= most_money and count <= most_count:
                    homes = labels[at, HOMES] | bit
                    if n_homes > 1 and _popcount(homes) >= n_homes:
                        homes = EVERY_JURISDICTION
                    if n == labels.shape[0]:
                        labels = _grown(labels)
                    if _insert(labels, n, head, s, price, money, count, homes, at, j):
                        n += 1
                at = labels[at, NEXT]
    return labels[:n].copy(), head


@njit(cache=True)
def _with_ties(total: IntArray, partners: IntArray, saved: IntArray, mask: IntArray) -> IntArray:
    """`cover_prices` for one lead whose tied partners come cheaper. Cost: O(partners * 2**k)."""
    out = total.copy()
    for t in range(partners.shape[0]):
        held = mask[partners[t]]
        for s in range(1, out.shape[0]):
            value = saved[t] + out[s & ~held]
            if value < out[s]:
                out[s] = value
    return out


@njit(cache=True)
def _partners(
    lead: int, tie_start: IntArray, tie_end: IntArray, member_price: IntArray, tie_saving: int
) -> tuple[IntArray, IntArray]:
    near = tie_end[tie_start[lead] : tie_start[lead + 1]]
    who = np.empty(near.shape[0], np.int64)
    price = np.empty(near.shape[0], np.int64)
    n = 0
    for p in near:
        if member_price[p] >= 0:
            who[n] = p
            price[n] = max(0, member_price[p] - tie_saving)
            n += 1
    return who[:n], price[:n]


@njit(cache=True)
def lead_bounds(
    leads: IntArray,
    start_mask: IntArray,
    start_price: IntArray,
    mask: IntArray,
    member_price: IntArray,
    tie_start: IntArray,
    tie_end: IntArray,
    tie_saving: int,
    total: IntArray,
) -> tuple[int, IntArray]:
    """Least price over the leads of one place when nothing but price matters, and what each start could cost at least.

    Returns
    -------
    best : int
        `NEVER` or more if no lead can cover everything.
    start : array of int, shape (2**k,)
        For `outside_prices`: least start price a set, less all that ties could save. Admissible, not tight.
    """
    full = total.shape[0] - 1
    best = int(NEVER)
    start = np.full(full + 1, NEVER)
    for i in range(leads.shape[0]):
        held = start_mask[i]
        open_set = full & ~held
        who, price = _partners(leads[i], tie_start, tie_end, member_price, tie_saving)
        could_save = 0
        for t in range(who.shape[0]):
            could_save += member_price[who[t]] - price[t]
        low = start_price[i] - could_save  # may be negative: ties save on members, who are priced beside the start
        if low < start[held]:
            start[held] = low
        if start_price[i] + total[open_set] - could_save >= best:
            continue
        value = start_price[i] + total[open_set]
        if who.shape[0] and open_set:
            value = start_price[i] + _with_ties(total, who, price, mask)[open_set]
        best = min(best, value)
    return best, start


@njit(cache=True)
def _set_row(stack: IntArray, row: int, held: int, price: int, money: int, homes: int, count: int, turn: int) -> None:
    stack[row, 0], stack[row, 1], stack[row, 2] = held, price, money
    stack[row, 3], stack[row, 4], stack[row, 5] = homes, count, turn


@njit(cache=True)
def join_leads(
    leads: IntArray,
    start_mask: IntArray,
    start_price: IntArray,
    start_money: IntArray,
    start_homes: IntArray,
    start_count: IntArray,
    mask: IntArray,
    member_price: IntArray,
    member_money: IntArray,
    member_bit: IntArray,
    tie_start: IntArray,
    tie_end: IntArray,
    tie_saving: int,
    total: IntArray,
    labels: IntArray,
    head: IntArray,
    limit: int,
    most_money: int,
    most_count: int,
    n_homes: int,
) -> tuple[int, int, int, IntArray]:
    """Best team over the leads of one place that keeps every limit.

    Each lead is tried with every useful set of tied partners (who come cheaper for this lead alone), the rest being
    taken from ``labels``; a branch ends where its lower bound reaches the limit.

    Returns
    -------
    price : int
        ``limit`` if there is none cheaper.
    lead : int
        Position in ``leads``, -1 none.
    label : int
        Label that covers what lead and partners do not.
    partners : array of int
        Candidates taken as tied partners.
    """
    full = head.shape[0] - 1
    best, best_lead, best_label = limit, -1, -1
    best_partners = np.empty(0, np.int64)
    for i in range(leads.shape[0]):
        who, price = _partners(leads[i], tie_start, tie_end, member_price, tie_saving)
        bound = total
        if who.shape[0]:
            could_save = 0
            for t in range(who.shape[0]):
                could_save += member_price[who[t]] - price[t]
            if start_price[i] + total[full & ~start_mask[i]] - could_save >= best:
                continue
            bound = _with_ties(total, who, price, mask)
        depth = 0
        taken = np.empty(who.shape[0] + 1, np.int64)
        stack = np.empty((who.shape[0] + 1, 6), np.int64)
        _set_row(stack, 0, start_mask[i], start_price[i], start_money[i], start_homes[i], start_count[i], 0)
        fresh = True
        while depth >= 0:
            held, so_far, money = stack[depth, 0], stack[depth, 1], stack[depth, 2]
            homes, count, turn = stack[depth, 3], stack[depth, 4], stack[depth, 5]
            open_set = full & ~held
            if so_far + bound[open_set] >= best:
                depth -= 1
                fresh = False
                continue
            if fresh:
                at = head[open_set]
                while at >= 0:
                    x = labels[at]
                    if (
                        so_far + x[PRICE] < best
                        and money + x[MONEY] <= most_money
                        and count + x[COUNT] <= most_count
                        and (n_homes <= 1 or _popcount(homes | x[HOMES]) >= n_homes)
                    ):
                        best, best_lead, best_label = so_far + x[PRICE], i, at
                        best_partners = taken[:depth].copy()
                    at = x[NEXT]
            fresh = False
            if turn >= who.shape[0]:
                depth -= 1
                continue
            stack[depth, 5] = turn + 1
            p = who[turn]
            if mask[p] & open_set or (member_bit[p] & ~homes and _popcount(homes) < n_homes):
                taken[depth] = p
                _set_row(
                    stack,
                    depth + 1,
                    held | mask[p],
                    so_far + price[turn],
                    money + member_money[p],
                    homes | member_bit[p],
                    count + 1,
                    turn + 1,
                )
                depth += 1
                fresh = True
    return best, best_lead, best_label, best_partners
