//! What visitors of the notice board rely on, whatever the wiring.

use std::sync::Arc;

use bp_std::bp_test;
use leaf_workflow::{Board, Body, LeafError, Reaction, Task};

#[bp_test]
async fn a_note_can_be_read_back(board: Arc<dyn Board>) {
    let tasks = vec![Task { text: "water the plants".to_owned(), done: false }];
    let note = board.publish("ada".to_owned(), Body::Tasks(tasks), vec!["home".to_owned()]).await.unwrap();
    let view = board.read(note.id.clone()).await.unwrap();
    assert_eq!(view.note, note);
    assert!(view.reactions.is_empty());
}

#[bp_test]
async fn reactions_add_up(board: Arc<dyn Board>) {
    let note = board.publish("bob".to_owned(), Body::Text("tea?".to_owned()), vec![]).await.unwrap();
    assert_eq!(board.react(note.id.clone(), Reaction::Like).await, Ok(1));
    assert_eq!(board.react(note.id.clone(), Reaction::Like).await, Ok(2));
    assert_eq!(board.react(note.id.clone(), Reaction::Wonder).await, Ok(1));
    let view = board.read(note.id).await.unwrap();
    assert_eq!(view.reactions.get(&Reaction::Like), Some(&2));
    assert_eq!(view.reactions.get(&Reaction::Wonder), Some(&1));
}

#[bp_test]
async fn a_profile_counts_notes_and_tags(board: Arc<dyn Board>) {
    let link = Body::Link { url: "https://example.org".to_owned(), title: None };
    board.publish("cleo".to_owned(), link, vec!["web".to_owned()]).await.unwrap();
    let last = board.publish("cleo".to_owned(), Body::Text("2".to_owned()), vec!["web".to_owned()]).await.unwrap();
    let profile = board.profile("cleo".to_owned()).await.unwrap();
    assert_eq!(profile.notes, 2);
    assert_eq!(profile.tags.get("web"), Some(&2));
    assert_eq!(profile.latest, Some(last));
}

#[bp_test]
async fn errors_keep_their_type(board: Arc<dyn Board>) {
    let missing = board.read("nobody-0".to_owned()).await;
    assert_eq!(missing, Err(LeafError::NoSuchNote("nobody-0".to_owned())));
    let tags = (0..9).map(|n| n.to_string()).collect();
    let refused = board.publish("dan".to_owned(), Body::Text(String::new()), tags).await;
    assert_eq!(refused, Err(LeafError::BadNote { reason: "a note has at most 5 tags".to_owned() }));
}
