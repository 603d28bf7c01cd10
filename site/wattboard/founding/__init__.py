"""How an edition begins and ends: its cohorts and anchors, drafts and frozen files, rollovers."""
