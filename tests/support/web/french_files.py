"""Files of Kenneth French's library, shortened."""

FACTORS = """This file was created by CMPT_ME_BEME_RETS using the 202412 CRSP database.
The 1-month TBill rate data until 202405 are from Ibbotson Associates. Starting from 202406, from ICE BofA.


,Mkt-RF,SMB,HML,RF
192607,   2.96,  -2.56,  -2.43,   0.22
192608,   2.64,  -1.17,   3.82,   0.25
192609,   0.36,  -1.40,   0.13,   0.23
192610,  -3.24,  -0.09, -99.99,   0.32
192611,   2.53,  -0.10, -999,     0.31

 Annual Factors: January-December
,Mkt-RF,SMB,HML,RF
  1927,  29.47,  -2.46,  -3.75,   3.12
  1928,  35.39,   4.20,  -6.15,   3.56

Copyright 2024 Eugene F. Fama and Kenneth R. French
"""
DAILY = """This file was created by CMPT_ME_BEME_RETS_DAILY using the 202412 CRSP database.
The Tbill return is the simple daily rate that, over the number of trading days
in the month, compounds to 1-month TBill rate from Ibbotson and Associates Inc.

,Mkt-RF,SMB,HML,RF
19260701,    0.09,   -0.25,   -0.27,    0.01
19260702,    0.45,   -0.33,   -0.06,    0.01

Copyright 2024 Eugene F. Fama and Kenneth R. French
"""
INDUSTRIES = """This file was created by CMPT_IND_RETS using the 202412 CRSP database.
It contains value- and equal-weighted returns for 13 industry portfolios.

Missing data are indicated by -99.99 or -999.


  Average Value Weighted Returns -- Monthly
      ,NoDur,Durbl,Manuf,Enrgy,HiTec,Telcm,Shops,Hlth ,Utils,Other,Lo 30,Med 40,Hi 30
192607,   1.45,  15.55,   4.69,  -1.18,   2.90,   0.83,   0.11,   1.77,   7.04,   2.13,  1,  2,  3
192608,   3.97,   3.68,   2.81,   3.47,   2.66,   2.17,  -0.71,   4.25,  -1.69,   4.35,  4,  5,  6


  Average Equal Weighted Returns -- Monthly
      ,NoDur,Durbl,Manuf,Enrgy,HiTec,Telcm,Shops,Hlth ,Utils,Other,Lo 30,Med 40,Hi 30
192607,   9.99,   9.99,   9.99,   9.99,   9.99,   9.99,   9.99,   9.99,   9.99,   9.99,  9,  9,  9


  Number of Firms in Portfolios
      ,NoDur,Durbl,Manuf,Enrgy,HiTec,Telcm,Shops,Hlth ,Utils,Other,Lo 30,Med 40,Hi 30
192607,    161,     64,    206,     29,     17,      6,     76,     15,     34,    100,  1,  2,  3
"""
