"""The Operate page: cameras at a glance, alerts, cues, and setting sessions up."""
