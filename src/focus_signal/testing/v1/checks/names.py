"""The invariants of the workload `v1` by their names."""

V1_INVARIANTS: dict[str, str] = {
    "resume-loss": "what was acknowledged reaches a peer that stayed or resumed, or its sender is told",
    "resume-double": "nothing that was sent once is got twice, whatever is cut and sent again",
    "pair-order": "what one peer sends another arrives in the order of sending",
    "misdelivered": "nobody gets what was sent to somebody else, or in another's name",
    "locked-out": "whoever holds the last token that came gets in, and in the end everybody is in",
    "resumed": "whoever comes back in time with the last token goes on, unless too much was missed",
    "seq": "the messages of a session are numbered without a gap, and the same when they are sent again",
    "unanswered": "each numbered request gets its one answer at once, and each ticket ends in one way",
    "acked-first": "an answer comes before everything that it causes, and an error causes nothing",
    "old-socket": "a connection that was replaced is heard no more, and nothing follows a goodbye",
    "room-view": "what a member was told of its room adds up to who is in it",
    "offerer": "of two members of a room exactly one offers",
    "party-split": "the members of a party meet in one room, or none of them meets anybody",
    "avoid": "nobody is put into a room with somebody whom either avoids",
    "patience": "no room is smaller than wanted before patience is over, or where a larger one could be",
    "dead-match": "nobody is met whose end was read before",
    "ready": "a match that is proposed stands only once everyone has said that they are ready",
    "oldest-first": "of all groups of one size the one that has waited longest meets",
    "starved": "once nothing is cut any more nobody waits where enough wait to meet",
    "token": "a token says of its holder's room what its holder was told",
    "restore": "after a restart a room is as the latest record that was shown has it, and takes nobody new",
    "leak": "when everyone has left and every time is over, nothing is left behind",
    "fault": "the server meets no fault of its own, and never breaks the protocol",
}
"""What each says."""
