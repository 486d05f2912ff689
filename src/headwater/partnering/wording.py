"""Partnering's reasons, acts and notices in words. The Chinese stands in the site's message catalogue."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from headwater.accounts.notices import NoticeWording
from headwater.accounts.words import Wording

INVALID = 422
CONFLICT = 409

ACTS = {
    "agreement.asked": _("confidentiality promised"),
    "agreement.decided": _("confidentiality agreement decided"),
    "challenge.accepted": _("result accepted"),
    "challenge.added": _("challenge written down"),
    "challenge.agreed": _("wording agreed"),
    "challenge.awarded": _("decision over the proposals"),
    "challenge.closed": _("challenge closed"),
    "challenge.contracted": _("challenge under contract"),
    "challenge.file_added": _("file added"),
    "challenge.file_removed": _("file removed"),
    "challenge.published": _("challenge published"),
    "challenge.submitted": _("challenge handed to the brokers"),
    "challenge.taken_on": _("broker took it on"),
    "challenge.triaged": _("triage"),
    "challenge.withdrawn": _("challenge withdrawn"),
    "challenge.written": _("new version written"),
    "interest.declared": _("conflict of interest declared"),
    "interest.withdrawn": _("conflict of interest withdrawn"),
    "match.answered": _("answer given"),
    "match.invited": _("group invited"),
    "milestone.accepted": _("milestone accepted"),
    "milestone.added": _("milestone added"),
    "milestone.dropped": _("milestone dropped"),
    "milestone.handed_in": _("milestone handed in"),
    "milestone.sent_back": _("milestone sent back"),
    "network.loaded": _("network loaded"),
    "partnership.confirmed": _("member confirmed"),
    "partnership.declined": _("invitation declined"),
    "partnership.ended": _("partnership ended"),
    "partnership.founded": _("partnership founded"),
    "partnership.renewed": _("partnership renewed"),
    "partnership.result": _("result written down"),
    "partnership.road_map": _("road map written"),
    "partnership.shared": _("instrument shared"),
    "partnership.signed": _("agreement signed"),
    "partnership.used": _("shared time used"),
    "profile.added": _("profile added"),
    "profile.changed": _("profile changed"),
    "profiles.imported": _("profiles taken in from a file"),
    "bid.submitted": _("proposal handed in"),
    "bid.withdrawn": _("proposal withdrawn"),
    "bid.written": _("proposal written"),
    "weights.set": _("weights set"),
}

REASONS = {
    # Challenges
    "challenge.not_found": Wording(
        _("There is no such challenge, or it is not shown to you. Sign in if it is your own organisation's."), 404
    ),
    "challenge.not_yours": Wording(_("Only the company that asks and the brokers may see this.")),
    "challenge.agreement_needed": Wording(
        _("This is shown under agreement. Promise confidentiality for your organisation first.")
    ),
    "challenge.wrong_state": Wording(
        _("This can't be done while the challenge is in the state “%(state)s”."), CONFLICT
    ),
    "challenge.changed_meanwhile": Wording(
        _(
            "Somebody wrote a new version while you worked on it (you read %(yours)s, it is now %(now)s). Look at the newer one and try again."
        ),
        CONFLICT,
    ),
    "challenge.nothing_to_agree": Wording(_("The company has agreed to this version already."), CONFLICT),
    "challenge.title_missing": Wording(
        _("The challenge has no title. Give it one in Chinese or English; everybody will see it."), INVALID
    ),
    "challenge.text_too_long": Wording(
        _("The text of %(field)s is too long; the most is %(most)s characters."), INVALID
    ),
    "challenge.level_unknown": Wording(
        _("“%(value)s” is not a level for %(field)s. Use public, registered or agreement."), INVALID
    ),
    "challenge.part_unknown": Wording(_("A challenge has no part called “%(value)s”."), INVALID),
    "challenge.form_unknown": Wording(
        _("“%(value)s” is not a form of work. Use contract, joint, licence, test or talent."), INVALID
    ),
    "challenge.too_many_targets": Wording(_("There are %(have)s target values; the most is %(most)s."), INVALID),
    "challenge.target_incomplete": Wording(_("Target %(number)s lacks its name or its value."), INVALID),
    "challenge.too_many_wanted": Wording(_("%(have)s capabilities are asked; the most is %(most)s."), INVALID),
    "challenge.technique_unknown": Wording(
        _("No technique is known as “%(value)s”. Take one from the list of techniques."), INVALID
    ),
    "challenge.wanted_level": Wording(_("The level of “%(value)s” is %(level)s; it goes from 1 to 5."), INVALID),
    "challenge.wanted_twice": Wording(_("A capability is asked twice. Keep one of them."), INVALID),
    "challenge.budget_wrong": Wording(_("The budget must be above 0. Leave it empty if there is none yet."), INVALID),
    "challenge.currency_unknown": Wording(
        _("“%(value)s” is not a currency. Use three capital letters, such as CNY."), INVALID
    ),
    "challenge.months_wrong": Wording(_("%(value)s months is not a duration. Give 1 to 120."), INVALID),
    "challenge.city_unknown": Wording(_("No city is known as “%(value)s”. Use its code."), INVALID),
    "challenge.reach_wrong": Wording(_("%(value)s minutes is not a reach. Give 1 to 1440."), INVALID),
    "challenge.members_wrong": Wording(_("%(value)s members is not a limit. Give 1 to 30."), INVALID),
    "challenge.jurisdictions_wrong": Wording(
        _("%(value)s jurisdictions is not a number of them. Give 1 to 10."), INVALID
    ),
    "challenge.outcome_unknown": Wording(
        _("“%(value)s” is not an outcome. Use solved, partly or not_solved."), INVALID
    ),
    # Triage, calls
    "triage.reason_missing": Wording(_("Say why: choose at least one reason."), INVALID),
    "triage.reason_wrong": Wording(_("The reason “%(value)s” does not belong to the outcome “%(outcome)s”."), INVALID),
    "triage.not_agreed": Wording(_("The company has not agreed to this wording yet."), CONFLICT),
    "triage.not_willing_to_pay": Wording(
        _("The company does not say that it would pay to have this solved. Without that a challenge is not ready."),
        CONFLICT,
    ),
    "triage.problem_missing": Wording(_("The problem is not described yet."), CONFLICT),
    "triage.wanted_missing": Wording(_("No capability is named yet that a solver must have."), CONFLICT),
    "triage.test_missing": Wording(_("Of %(targets)s target values none says how it would be tested."), CONFLICT),
    "opencall.end_missing": Wording(_("A race needs a day on which the call ends."), INVALID),
    "opencall.end_past": Wording(_("The call would end in the past."), INVALID),
    "opencall.race_teams_wrong": Wording(_("%(value)s teams can't race. Give 1 to 5."), INVALID),
    "opencall.gate_missing": Wording(_("A race needs a gate: what decides, and on which day."), INVALID),
    "opencall.gate_before_end": Wording(_("The gate would come before the call ends."), INVALID),
    "opencall.closed": Wording(_("The call ended on %(at)s."), CONFLICT),
    "opencall.still_open": Wording(_("The call is open until %(until)s. Decide after that."), CONFLICT),
    # Agreements, files
    "agreement.own_challenge": Wording(_("This is your own organisation's challenge."), CONFLICT),
    "agreement.wrong_state": Wording(
        _("This can't be done while the agreement is in the state “%(state)s”."), CONFLICT
    ),
    "agreement.not_found": Wording(_("That organisation has asked for no agreement."), 404),
    "attachment.not_found": Wording(_("There is no such file, or it is not shown to you."), 404),
    "attachment.empty": Wording(_("The file is empty."), INVALID),
    "attachment.too_large": Wording(_("The file has %(have)s MB; the most is %(most)s MB."), 413),
    "attachment.too_many": Wording(_("There are %(most)s files already, the most there may be."), CONFLICT),
    "attachment.name_missing": Wording(_("The file has no usable name."), INVALID),
    # Brokers
    "broker.needed": Wording(_("Only technology brokers may do this.")),
    "broker.has_a_side": Wording(
        _("Your own organisation proposes here, so you can't be the broker. Leave it to another.")
    ),
    "broker.own_company": Wording(_("This is your own organisation's challenge, so you can't be its broker.")),
    "weights.out_of_range": Wording(_("The weight of %(field)s must be from 0 to 100."), INVALID),
    "weights.unknown": Wording(_("There is no weight called “%(value)s”."), INVALID),
    "weights.all_zero": Wording(_("One of text, techniques, instruments and past work must weigh something."), INVALID),
    "interest.same": Wording(_("Name two different organisations."), INVALID),
    "interest.ground_missing": Wording(_("Say why these two may not meet."), INVALID),
    "interest.not_found": Wording(_("No such conflict of interest is declared, or it is not yours to see."), 404),
    "interest.not_yours": Wording(
        _("Only who declared this conflict of interest, or a broker, takes it back. Ask a broker."), 403
    ),
    "interest.withdrawal_ground_missing": Wording(_("Say why these two may meet again."), INVALID),
    # Candidates
    "candidate.inactive": Wording(_("The group's profile is switched off."), CONFLICT),
    "candidate.own_organisation": Wording(_("The group belongs to the company that asks."), CONFLICT),
    "candidate.conflict_declared": Wording(_("A conflict of interest is declared (%(ground)s)."), CONFLICT),
    "candidate.belongs_together": Wording(_("The group's organisation and the company are tied by ownership."), 200),
    "candidate.busy": Wording(_("The group says that %(share)s %% of its time is taken."), 200),
    "candidate.no_route": Wording(_("No train connects the two cities."), 200),
    "candidate.far": Wording(
        _("It takes %(minutes)s minutes to get there; the challenge asks for at most %(limit)s."), 200
    ),
    "candidate.not_indexed_yet": Wording(_("The profile is new; the ranking takes it in within a minute."), 200),
    "candidate.ranked_lower": Wording(
        _("It stands in place %(rank)s with a score of %(score)s; the last of the first %(shown)s has %(least)s."), 200
    ),
    "candidate.lacks_technique": Wording(_("Its profile does not name the capability asked for: %(technique)s."), 200),
    "candidate.level_below": Wording(_("In %(technique)s it gives its level as %(have)s; %(need)s is asked."), 200),
    "candidate.weak_text": Wording(
        _("Its profile has fewer words in common with the challenge (%(own)s against %(least)s)."), 200
    ),
    "candidate.weak_techniques": Wording(_("It covers less of the capabilities (%(own)s against %(least)s)."), 200),
    "candidate.weak_instruments": Wording(
        _("It has instruments for less of what is asked (%(own)s against %(least)s)."), 200
    ),
    "candidate.weak_past_work": Wording(
        _("Its past work is farther from the challenge (%(own)s against %(least)s)."), 200
    ),
    "candidate.weak_likeness": Wording(
        _("It masters less of what the best matches master (%(own)s against %(least)s)."), 200
    ),
    "candidate.weak_ties": Wording(_("It has no earlier tie with the company (%(own)s against %(least)s)."), 200),
    "candidate.weak_reach": Wording(_("It is farther away (%(own)s against %(least)s)."), 200),
    "candidate.weak_load": Wording(_("It is busier (%(own)s free against %(least)s)."), 200),
    # Approaches and proposals
    "approach.invited_before": Wording(_("This group has been invited already."), CONFLICT),
    "approach.answer_unknown": Wording(_("“%(value)s” is not an answer. Say yes, later or no."), INVALID),
    "approach.too_late": Wording(_("The challenge no longer waits for answers."), CONFLICT),
    "approach.wrong_state": Wording(_("This can't be done while the answer is “%(state)s”."), CONFLICT),
    "bid.not_found": Wording(_("There is no such proposal, or it is not shown to you."), 404),
    "bid.sealed": Wording(_("Proposals stay sealed until the call ends on %(until)s.")),
    "bid.wrong_state": Wording(_("This can't be done while the proposal is in the state “%(state)s”."), CONFLICT),
    "bid.title_missing": Wording(_("The proposal needs a title of at most 300 characters."), INVALID),
    "bid.plan_missing": Wording(_("Say how you would solve it before you hand the proposal in."), INVALID),
    "bid.price_wrong": Wording(_("The price is not an amount of money."), INVALID),
    "bid.member_unknown": Wording(_("No other group is known as “%(value)s”."), INVALID),
    "award.no_proposals": Wording(_("There is no proposal to decide on."), CONFLICT),
    "award.left_out": Wording(_("%(count)s proposals are left without an outcome. Decide over all of them."), INVALID),
    "award.reasons_missing": Wording(_("Write down the reasons of the decision."), INVALID),
    "award.line_reason_missing": Wording(_("Say why for each proposal; “%(title)s” lacks its reason."), INVALID),
    "award.one_winner": Wording(_("Choose one team, or let several race, not both."), INVALID),
    "award.race_size": Wording(
        _("%(have)s teams can't race: from 2 to as many as the call says (%(most)s), and once only."), INVALID
    ),
    # Teams
    "team.wanted_missing": Wording(
        _("The challenge names no capability yet, so no team can be sought for it."), CONFLICT
    ),
    # Partnerships
    "partnership.not_found": Wording(_("There is no such consortium or joint centre."), 404),
    "partnership.not_yours": Wording(_("Only its members' managers and the brokers may do this.")),
    "partnership.name_missing": Wording(_("The partnership has no name."), INVALID),
    "partnership.kind_unknown": Wording(_("Say what it is: a consortium, a joint centre or a project."), INVALID),
    "partnership.member_unknown": Wording(_("No organisation or group is known as “%(value)s”."), INVALID),
    "partnership.lead_missing": Wording(_("One member must lead."), INVALID),
    "partnership.too_few": Wording(_("A partnership has at least two organisations."), INVALID),
    "partnership.dates_reversed": Wording(_("It would end before it starts."), INVALID),
    "partnership.winner_missing": Wording(_("The team that was chosen is not among the members."), CONFLICT),
    "partnership.wrong_state": Wording(_("This can't be done while it is in the state “%(state)s”."), CONFLICT),
    "partnership.confirm_first": Wording(
        _("Your organisation is only invited. Confirm its membership first; then this can be done."), CONFLICT
    ),
    "partnership.members_waiting": Wording(_("%(count)s members have not confirmed yet."), CONFLICT),
    "partnership.not_invited": Wording(_("It is not an invited member that waits for an answer."), CONFLICT),
    "partnership.document_missing": Wording(
        _("Name the document in which the organisation agreed; without one only its own managers may confirm."), INVALID
    ),
    "partnership.agreement_missing": Wording(_("Write down what was agreed."), INVALID),
    "partnership.renewal_earlier": Wording(_("It runs until %(ends)s already. Give a later day."), INVALID),
    "partnership.end_reason_missing": Wording(_("Say why it ends."), INVALID),
    "shared.instrument_unknown": Wording(_("No instrument of a member is known as “%(value)s”."), INVALID),
    "shared.hours_wrong": Wording(_("The hours are not a number that a year can hold."), INVALID),
    "shared.over_year": Wording(_("%(asked)s h are asked; the year has %(left)s h left."), CONFLICT),
    "milestone.not_found": Wording(_("There is no such milestone."), 404),
    "milestone.title_missing": Wording(_("The milestone has no title."), INVALID),
    "milestone.test_missing": Wording(_("Say by which test the milestone will be accepted."), INVALID),
    "milestone.amount_wrong": Wording(_("The amount is not one that can be paid."), INVALID),
    "milestone.sides_missing": Wording(_("A payment needs two different sides: who pays, and who is paid."), INVALID),
    "milestone.sides_outside": Wording(_("Both sides of a payment must be members."), INVALID),
    "milestone.not_yours": Wording(_("Only managers of the organisation that delivers it may hand it in.")),
    "milestone.not_judge": Wording(
        _("Only managers of the organisation that pays, or leads where nobody pays, may accept it.")
    ),
    "milestone.own_work": Wording(_("You belong to the organisation that delivers it, so you can't accept it.")),
    "milestone.report_missing": Wording(_("Say what was reached."), INVALID),
    "milestone.judgement_missing": Wording(_("Say what the test showed."), INVALID),
    "milestone.wrong_state": Wording(
        _("This can't be done while the milestone is in the state “%(state)s”."), CONFLICT
    ),
    "result.incomplete": Wording(_("A result needs its kind, a title and its year."), INVALID),
    # Profiles
    "profile.not_found": Wording(_("No group is known as “%(value)s”."), 404),
    "profile.changed_meanwhile": Wording(
        _(
            "Somebody changed this profile while you worked on it (you read version %(yours)s, it is now %(now)s). Look at the newer one and try again."
        ),
        CONFLICT,
    ),
    "profile.organisation_unknown": Wording(
        _("No organisation is known as “%(value)s”. Use its public id, its ROR id, its credit code or its exact name."),
        INVALID,
    ),
    "profile.moves_nowhere": Wording(_("A profile stays with its organisation. Make a new one in the other."), INVALID),
    "profile.name_missing": Wording(_("The group has no name. Give it one in Chinese or English."), INVALID),
    "profile.text_too_long": Wording(_("A text of the profile is too long; the most is %(most)s characters."), INVALID),
    "profile.city_unknown": Wording(_("No city is known as “%(value)s”."), INVALID),
    "profile.instrument_unknown": Wording(_("No instrument is known as “%(value)s”. Use its public id."), INVALID),
    "profile.instrument_not_own": Wording(_("The instrument “%(value)s” belongs to another organisation."), INVALID),
    "profile.orcid_wrong": Wording(_("“%(value)s” is not an ORCID iD: its check digit is wrong."), INVALID),
    "profile.person_unnamed": Wording(_("A person of the group has no name."), INVALID),
    "profile.work_kind_unknown": Wording(
        _("“%(value)s” is not a kind of work. Use paper, patent, project, product or standard."), INVALID
    ),
    "profile.work_title_wrong": Wording(_("A work needs a title of at most 500 characters (“%(value)s”)."), INVALID),
    "profile.year_wrong": Wording(_("%(value)s is not a year in which the work can have come out."), INVALID),
    "profile.too_many_works": Wording(_("The profile has %(have)s works; the most is %(most)s."), INVALID),
    "profile.load_wrong": Wording(_("%(value)s is not a share of time; it goes from 0 to 1."), INVALID),
    "profile.price_wrong": Wording(_("The price is not an amount of money."), INVALID),
    "profile.local_id_taken": Wording(
        _("The organisation already has a profile with the number “%(value)s”."), CONFLICT
    ),
    "profiles.no_header": Wording(_("The first line must name the columns, name_en or name_zh among them."), INVALID),
    "profiles.column_unknown": Wording(_("Profiles have no column “%(value)s”. Rename it or leave it out."), INVALID),
    "profiles.row_unreadable": Wording(_("%(field)s can't be read: “%(value)s”."), INVALID),
    "programme.not_yours": Wording(_("Only analysts, brokers and operators may read the programme.")),
}

TOPICS = {
    "challenge": _("my organisation's challenges"),
    "match": _("challenges that fit my group"),
    "consortium": _("consortia and joint centres"),
}
NOTICES = {
    "challenge.submitted": NoticeWording(_("A challenge was handed in"), _("“%(title)s” waits for a broker.")),
    "challenge.distilled": NoticeWording(
        _("A new wording of your challenge"),
        _("The broker wrote version %(number)s of “%(title)s”. Read it and agree, or write your own."),
    ),
    "challenge.agreed": NoticeWording(
        _("Wording agreed"), _("The company agreed to version %(number)s of “%(title)s”.")
    ),
    "challenge.triaged_ready": NoticeWording(_("Your challenge is ready"), _("“%(title)s” is ready to be published.")),
    "challenge.triaged_refine": NoticeWording(
        _("Your challenge needs another look"), _("“%(title)s” is to be refined; the broker says what is missing.")
    ),
    "challenge.triaged_long_term": NoticeWording(
        _("A long-term problem"), _("“%(title)s” is kept as a long-term problem; the broker says why.")
    ),
    "challenge.triaged_not_research": NoticeWording(
        _("No research is needed"), _("“%(title)s” is not a research problem; the broker says what would help.")
    ),
    "challenge.published": NoticeWording(
        _("Your challenge is published"), _("“%(title)s” is published; %(count)s fitting groups were told.")
    ),
    "challenge.agreement_asked": NoticeWording(
        _("Confidentiality promised"),
        _("%(organisation)s promises confidentiality and asks to read “%(title)s” under agreement."),
    ),
    "challenge.agreement_in_force": NoticeWording(
        _("Your agreement is in force"), _("You may now read what is under agreement in “%(title)s”.")
    ),
    "challenge.agreement_refused": NoticeWording(
        _("No agreement"), _("The company does not open “%(title)s” further to your organisation.")
    ),
    "challenge.agreement_ended": NoticeWording(
        _("Your agreement has ended"), _("The agreement over “%(title)s” has ended; your promise stays.")
    ),
    "match.fits": NoticeWording(
        _("A challenge that fits your group"), _("“%(title)s” fits %(group)s. Say yes, no or later.")
    ),
    "match.invited": NoticeWording(
        _("You are invited to a challenge"), _("%(group)s is invited to “%(title)s”. Say yes, no or later.")
    ),
    "match.answered_yes": NoticeWording(_("A group says yes"), _("%(group)s would work on “%(title)s”.")),
    "match.answered_later": NoticeWording(_("A group says later"), _("%(group)s can't take on “%(title)s” yet.")),
    "match.answered_no": NoticeWording(_("A group says no"), _("%(group)s does not take on “%(title)s”.")),
    "match.proposed": NoticeWording(_("A proposal was handed in"), _("There is a new proposal for “%(title)s”.")),
    "match.chosen": NoticeWording(_("Your team is chosen"), _("Your team is chosen for “%(title)s”.")),
    "match.racing": NoticeWording(_("Your team is in the race"), _("Your team goes on to the gate for “%(title)s”.")),
    "match.not_chosen": NoticeWording(
        _("Your proposal was not chosen"),
        _("Another way was chosen for “%(title)s”. The reason stands beside your proposal."),
    ),
    "consortium.founded": NoticeWording(
        _("A partnership was founded"), _("Your organisation is a member of “%(title)s”.")
    ),
    "consortium.invited": NoticeWording(
        _("Your organisation is invited to a partnership"),
        _("“%(title)s” lists your organisation as a member. Confirm or decline; until then it is not shown to others."),
    ),
    "consortium.confirmed": NoticeWording(
        _("A member confirmed"), _("%(organisation)s confirmed that it is a member of “%(title)s”.")
    ),
    "consortium.declined": NoticeWording(
        _("A member declined"), _("%(organisation)s declined to be a member of “%(title)s”.")
    ),
    "consortium.handed_in": NoticeWording(
        _("A milestone waits for your judgement"), _("Milestone %(number)s of “%(title)s” was handed in.")
    ),
    "consortium.accepted": NoticeWording(
        _("A milestone is accepted"), _("Milestone %(number)s of “%(title)s” is accepted and its payment released.")
    ),
    "consortium.sent_back": NoticeWording(
        _("A milestone was sent back"), _("Milestone %(number)s of “%(title)s” was sent back; the reason stands there.")
    ),
}
