"""The incident report (カスタマーハラスメント対応報告書) of a call, and lists of calls and reports."""
