"""Everything that has to be right before Tocsin can do its work, looked at piece by piece, each finding one sentence.

It looks and tells: nothing is changed, made or sent, and a Tocsin that runs is not disturbed.
"""

from bot.doctor.examination import examine
from bot.doctor.finding import Finding, Level, exit_code, of_mistakes

__all__ = ["Finding", "Level", "examine", "exit_code", "of_mistakes"]
