//! Whether rules fit together.

use super::{Condition, Effect, Object, Rules};

/// The codes of card states that the database knows as sealed, valid and cancelled (`spec/commands.md` §4.4).
const CODES: [i64; 6] = [0, 1, 2, 3, 4, 9];
/// The open states of applications that the database knows, and those that are not open.
const OPEN: [&str; 5] = ["applied", "making", "failed", "made", "delivered"];
const CLOSED: [&str; 3] = ["collected", "returned", "withdrawn"];
/// What an electronic card does, and what another outlet may do about an open application.
const ELECTRONIC: [&str; 3] = ["usable", "refused", "ended"];
const CHOICES: [&str; 3] = ["withdraw", "make_again", "wait"];

/// All that does not fit, in English as the rules themselves are.
pub(super) fn problems(rules: &Rules) -> Vec<String> {
    let mut problems = Vec::new();
    states(rules, &mut problems);
    for transition in &rules.transition {
        let name = format!("transition {}", transition.act);
        let mut tell = |what: &str, value: &str| problems.push(format!("{name}: unknown {what} {value}"));
        if !rules.act.iter().any(|act| act.name == transition.act) {
            tell("act", &transition.act);
        }
        let known = |state: &str| match transition.on {
            Object::Application => rules.application_state(state).is_some(),
            Object::Card => rules.card_state_named(state).is_some(),
            Object::Ecard => rules.has_electronic_state(state),
        };
        for state in transition
            .from
            .iter()
            .chain(Some(&transition.to).filter(|to| !to.is_empty()))
        {
            if !known(state) {
                tell("state", state);
            }
        }
        for role in transition.who.iter().filter(|role| !rules.has_role(role)) {
            tell("role", role);
        }
        if let Some(kind) = transition.kind.as_ref().filter(|kind| rules.kind(kind).is_none()) {
            tell("kind", kind);
        }
        let begins = [Effect::Apply, Effect::OpenElectronic];
        if transition.from.is_empty() != transition.does.iter().any(|effect| begins.contains(effect)) {
            problems.push(format!(
                "{name}: what begins without a state applies or opens an electronic card, and nothing else does"
            ));
        }
        following(transition, &name, &mut problems);
        if transition.does.contains(&Effect::Apply) {
            sole(rules, transition, &mut problems);
        }
        if transition.does.contains(&Effect::OpenElectronic)
            && !(transition.when.contains(&Condition::CardUsable) && transition.to == "active")
        {
            problems.push(format!(
                "{name}: an electronic card asks card_usable and begins as active"
            ));
        }
        pairs(transition, &name, &mut problems);
    }
    ambiguous(rules, &mut problems);
    super::electronic::problems(rules, &mut problems);
    for channel in &rules.channel {
        for role in channel.who.iter().filter(|role| !rules.has_role(role)) {
            problems.push(format!("channel {}: unknown role {role}", channel.name));
        }
    }
    let administration = &rules.administration;
    let roles = [&administration.enter, &administration.audit, &administration.inquire];
    for role in roles.into_iter().flatten() {
        if !rules.has_role(role) {
            problems.push(format!("administration: unknown role {role}"));
        }
    }
    for kind in rules.kind.iter().filter(|kind| kind.fee_fen < 0) {
        problems.push(format!("kind {}: a fee is not below nothing", kind.name));
    }
    for day in rules.calendar.contradictions() {
        problems.push(format!(
            "calendar: {day} is both free and worked on, or of a year not listed"
        ));
    }
    if rules.card.initial_pin.len() != 6 || !rules.card.initial_pin.bytes().all(|b| b.is_ascii_digit()) {
        problems.push("card: the initial PIN has six digits".to_owned());
    }
    problems
}

/// The database holds the states to the codes of the standard; rules may rename nothing of it.
fn states(rules: &Rules, problems: &mut Vec<String>) {
    for code in CODES {
        if rules.card.states.iter().filter(|state| state.code == code).count() != 1 {
            problems.push(format!("card states: {code} has to stand there once"));
        }
    }
    for state in rules.card.states.iter().filter(|state| !CODES.contains(&state.code)) {
        problems.push(format!("card states: {} is no code of a card state", state.code));
    }
    for state in rules
        .card
        .states
        .iter()
        .filter(|state| !ELECTRONIC.contains(&state.electronic.as_str()))
    {
        problems.push(format!(
            "card state {}: unknown electronic {}",
            state.name, state.electronic
        ));
    }
    for state in &rules.application.states {
        for choice in state
            .elsewhere
            .iter()
            .filter(|choice| !CHOICES.contains(&choice.as_str()))
        {
            problems.push(format!("application state {}: unknown choice {choice}", state.name));
        }
    }
    for (names, open) in [(&OPEN[..], true), (&CLOSED[..], false)] {
        for name in names {
            match rules.application_state(name) {
                Some(state) if state.open == open => {}
                _ => problems.push(format!(
                    "application states: {name} has to stand there with open = {open}"
                )),
            }
        }
    }
    for state in &rules.application.states {
        if !OPEN.contains(&state.name.as_str()) && !CLOSED.contains(&state.name.as_str()) {
            problems.push(format!("application states: the tables hold no {}", state.name));
        }
    }
}

/// One person, one card is not a matter of taste: an application without these questions is refused here.
fn sole(rules: &Rules, transition: &super::Transition, problems: &mut Vec<String>) {
    let asks = |condition| transition.when.contains(&condition);
    let held = asks(Condition::NoCard) || (asks(Condition::CardHeld) && asks(Condition::NoSealedCard));
    if !asks(Condition::NoOpenApplication) || !held {
        problems.push(format!(
            "transition {} {}: one person, one card: it has to ask no_open_application, and no_card or card_held and no_sealed_card",
            transition.act,
            transition.kind.as_deref().unwrap_or_default()
        ));
    }
    if transition.kind.is_none() || transition.to != OPEN[0] || rules.application_state(&transition.to).is_none() {
        problems.push(format!(
            "transition {}: an application has a kind and begins as {}",
            transition.act, OPEN[0]
        ));
    }
}

/// An effect is only done on the kind of thing it belongs to.
fn pairs(transition: &super::Transition, name: &str, problems: &mut Vec<String>) {
    for effect in &transition.does {
        if !effect.objects().contains(&transition.on) {
            problems.push(format!("{name}: {} is no effect on this kind of thing", effect.name()));
        }
    }
}

/// What happens with the physical card is nobody's act and asks nothing: it cannot be refused.
fn following(transition: &super::Transition, name: &str, problems: &mut Vec<String>) {
    let Some(word) = &transition.follows else {
        if transition.who.is_empty() {
            problems.push(format!("{name}: nobody may"));
        }
        return;
    };
    if transition.on != Object::Ecard || !ELECTRONIC.contains(&word.as_str()) || transition.to.is_empty() {
        problems.push(format!(
            "{name}: follows {word}, which is for electronic cards that change their state"
        ));
    }
    if !transition.who.is_empty() || !transition.when.is_empty() {
        problems.push(format!(
            "{name}: what follows the physical card is nobody's act and asks nothing"
        ));
    }
}

/// From one state an act leads to one place.
fn ambiguous(rules: &Rules, problems: &mut Vec<String>) {
    let all = &rules.transition;
    for (number, one) in all.iter().enumerate() {
        for other in &all[number + 1..] {
            let same = one.act == other.act && one.on == other.on && one.kind == other.kind;
            let both = |state: &&String| other.from.contains(state);
            if same && (one.from.iter().any(|state| both(&state)) || (one.from.is_empty() && other.from.is_empty())) {
                problems.push(format!("transition {}: stands twice for one state", one.act));
            }
        }
    }
}
